"""The review desk: the web page on which stewards look, decide and look up."""
