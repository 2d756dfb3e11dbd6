"""One question, one file: the steps in SQL, the definition in the docstring."""
