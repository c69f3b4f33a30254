"""The audit of a Workers project: bindings, migrations, key prefixes, Workflows, local state."""
