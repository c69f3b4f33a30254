"""What is loaded into the tenants' tables: a CRM export or a generated sample, as plain rows.

Everything here is pure input: it reads files or draws rows, and never opens a database.
"""
