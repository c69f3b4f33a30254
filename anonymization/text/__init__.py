"""How texts become patterns: stripped, taken to features and sentence templates, written anew."""
