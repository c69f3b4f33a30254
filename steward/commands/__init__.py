"""The commands, one module per concern. Each imports what it needs when it is called."""
