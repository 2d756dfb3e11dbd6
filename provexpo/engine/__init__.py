"""A pinned snapshot and named SQL steps, turned into a Result."""
