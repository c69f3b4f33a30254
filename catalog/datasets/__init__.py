"""The declarations of every dataset, one module a class; `catalog.declared` joins them."""
