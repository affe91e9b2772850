"""Claims, statistics, verdicts and run records."""
