"""Speed of the linter."""
