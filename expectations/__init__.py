"""What must hold of a candidate before it may change class, and how that is seen.

`disclosure` decides which cells may be released, `suites` says as data what a candidate must
look like, `identifiers` finds what points at somebody, and `gx` runs the checks. Looking
belongs here, changing belongs to `anonymization`.
"""
