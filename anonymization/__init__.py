"""How a datum may change class: declared workflows, and the one way to run them."""
