"""Where data is kept and who reaches it: the only package that opens the platform's database."""
