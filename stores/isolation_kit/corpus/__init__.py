"""The attack corpus: what a hostile tenant tries in SQL, as data."""
