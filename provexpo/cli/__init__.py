"""The command line: the same words as in Python, and no logic of its own."""

from provexpo.cli import claims, figures, pages, store  # each adds its commands
from provexpo.cli.app import app, main

__all__ = ["app", "claims", "figures", "main", "pages", "store"]
