"""Evidence that needs judgement: what a pattern in the tables is consistent with, and how sure."""

# Every signal, by the name of its file and function.
SIGNALS: tuple[str, ...] = ()
