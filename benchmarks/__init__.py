"""Speed, measured: each figure beside its peer from the same run."""
