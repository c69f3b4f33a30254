"""What exists and what class it is: the classes, the policy over them, and the registry."""
