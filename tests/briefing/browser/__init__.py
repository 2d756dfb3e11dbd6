"""The page in a real browser. A package, so that the browser closes with its last test."""
