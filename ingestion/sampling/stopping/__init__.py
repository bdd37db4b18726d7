"""When a pool has enough: its interval from raw answers, and the rule that looks at it after whole epochs."""
