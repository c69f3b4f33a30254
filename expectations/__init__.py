"""What must hold of a candidate before it may change class, and how that is seen.

`disclosure` decides which cells may be released, `suites` says as data what a candidate must
look like, `pii_shapes` knows what personal data looks like, and `gx` runs the checks. Looking
belongs here, changing belongs to `anonymization`.
"""
