"""Every exception of the library.

An error says what is wrong, where, what was expected and what to do. The command line prints
exactly that text and exits with 2; nobody sees a traceback for a wrong input.
"""

from __future__ import annotations


class ProvexpoError(Exception):
    """Root of all errors: `what`, and optionally `where`, `expected` and `do`."""

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        do: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.do = do
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = (("where", self.where), ("expected", self.expected), ("do", self.do))
        lines = [self.what, *(f"  {name}: {text}" for name, text in parts if text)]
        return "\n".join(lines)


class CallError(ProvexpoError, ValueError):
    """An argument of a call has the wrong form, or two of them contradict each other."""


class DecodeError(ProvexpoError, ValueError):
    """A file is not the text it should be: encoding, NUL byte, HTML page, empty file."""


class LayoutError(ProvexpoError, ValueError):
    """A file's header or rows do not have the form of a known layout."""


class ManifestError(ProvexpoError, ValueError):
    """`provexpo.toml`, a CSV manifest, `--covers` or a correction cannot be read as written."""


class UnknownCodeError(ProvexpoError, LookupError):
    """A word or code stands in no table of the vocabulary."""


class PeriodError(ProvexpoError, ValueError):
    """A month or window cannot be read, or two windows do not match."""


class CoverageError(ProvexpoError, ValueError):
    """Rows are truncated, contradict each other, or what was asked for is not held."""


class StoreError(ProvexpoError, ValueError):
    """The store cannot be opened, locked or written."""


class QueryError(ProvexpoError, ValueError):
    """A statement failed, or a receipt cannot be replayed."""


class JoinError(ProvexpoError, ValueError):
    """A join with boundaries or a code table would lose or double rows."""


class DrawError(ProvexpoError, ValueError):
    """A picture cannot be drawn as asked: fonts, format, column."""


class CheckError(ProvexpoError, ValueError):
    """A guard, a control total or a correction's expectation does not hold."""


class ClaimsError(ProvexpoError, ValueError):
    """A ledger of statements cannot be read, or a statement's computation is not one."""
