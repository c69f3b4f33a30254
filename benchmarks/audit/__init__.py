"""Speed of the audits."""
