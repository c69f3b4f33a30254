"""Who may reach what inside PostgreSQL: logins, signed claims, row-level security."""
