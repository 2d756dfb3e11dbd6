"""The grammar of a pick: what turns the frames of one or more calls into one figure.

    pct                                   the one row's figure
    share[province=Shanxi]                one row, named in square brackets
    sum(national_share[province=Guangdong+Zhejiang])
    count(pct < 0), part(pct < 0)         how many rows, and which part of all rows
    rank(value[partner_group=ASEAN])      1 is the largest
    a.value / b.value - 1                 figures of calls named in `arguments`
    max(balance[year<2025]) < 1e12 and balance[year=2025] >= 1e12

Nothing is ever evaluated as Python: the text is parsed here and walked in `evaluate.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

AGGREGATES = ("max", "min", "sum", "mean", "count", "part", "rank")
COMPARISONS = ("<=", ">=", "!=", "=", "<", ">")
LONGEST = 2000  # characters
MOST = 200  # words and signs
DEEPEST = 50

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?%?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<bracket>\[[^\[\]]*\])"
    r"|(?P<sign><=|>=|!=|==|[-=<>+*/().]))"
)
_CONDITION = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(<=|>=|!=|==|=|<|>)\s*(.+?)\s*", re.S)


class PickError(ValueError):
    """What is wrong with a pick, in words; the ledger adds line and column."""


@dataclass(frozen=True)
class Condition:
    """One condition on rows: `province=Guangdong+Zhejiang`, `year<2025`."""

    key: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}{self.sign}{self.value}"


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Column:
    """A column of a call's frame (`call` is empty where there is one call), on chosen rows."""

    call: str
    name: str
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Minus:
    of: Node


@dataclass(frozen=True)
class Arithmetic:
    sign: str  # + - * /
    left: Node
    right: Node


@dataclass(frozen=True)
class Comparison:
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Both:
    """Two conditions joined by `and`."""

    left: Node
    right: Node


@dataclass(frozen=True)
class Aggregate:
    """A figure over rows; `of` is None in `count()`, which counts every row."""

    name: str
    of: Node | None


Node = Number | Column | Minus | Arithmetic | Comparison | Both | Aggregate


def parse_pick(text: str) -> Node:
    """Read a pick.

    >>> parse_pick("share[province=Shanxi]")
    Column(call='', name='share', conditions=(Condition(key='province', sign='=', value='Shanxi'),))
    """
    if len(text) > LONGEST:
        raise PickError(f"the pick is longer than {LONGEST} characters")
    return _Parser(_tokens(text.replace("\u2212", "-"))).whole()


def columns(node: Node, *, in_functions: bool = True) -> Iterator[Column]:
    """Every column that a pick names, or only those outside of functions."""
    match node:
        case Column():
            yield node
        case Minus(of):
            yield from columns(of, in_functions=in_functions)
        case Arithmetic(_, left, right) | Comparison(_, left, right) | Both(left, right):
            yield from columns(left, in_functions=in_functions)
            yield from columns(right, in_functions=in_functions)
        case Aggregate(_, of) if of is not None and in_functions:
            yield from columns(of)


def text_of(node: Node) -> str:
    """A part of a pick as it can be written."""
    match node:
        case Number(value):
            return f"{value:g}"
        case Column(call, name, conditions):
            bracket = "; ".join(map(str, conditions))
            return f"{call}.{name}".lstrip(".") + (f"[{bracket}]" if bracket else "")
        case Minus(of):
            return f"-{text_of(of)}"
        case Aggregate(name, of):
            return f"{name}({'' if of is None else text_of(of)})"
        case Both(left, right):
            return f"{text_of(left)} and {text_of(right)}"
        case Arithmetic(sign, left, right) | Comparison(sign, left, right):
            return f"{text_of(left)} {sign} {text_of(right)}"


def has_aggregate(node: Node) -> bool:
    """True where a pick looks at many rows."""
    match node:
        case Aggregate():
            return True
        case Minus(of):
            return has_aggregate(of)
        case Arithmetic(_, left, right) | Comparison(_, left, right) | Both(left, right):
            return has_aggregate(left) or has_aggregate(right)
    return False


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise PickError(f"cannot read {text[at:].strip()[:20]!r} in the pick {text!r}")
        found.append((str(token.lastgroup), token[str(token.lastgroup)]))
        at = token.end()
    if len(found) > MOST:
        raise PickError(f"the pick has more than {MOST} words and signs")
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, *texts: str) -> str:
        """The next token where it is one of these, else nothing."""
        token = self.peek()
        if token not in texts or not token:
            return ""
        self.at += 1
        return token

    def need(self, text: str) -> None:
        if not self.take(text):
            raise PickError(f"expected {text!r} {self.here()}")

    def here(self) -> str:
        return f"before {self.peek()!r}" if self.peek() else "at the end of the pick"

    def whole(self) -> Node:
        node = self.both()
        if self.peek():
            raise PickError(f"cannot read the pick from {self.peek()!r} on")
        return node

    def both(self) -> Node:
        node = self.comparison()
        while self.take("and"):
            node = Both(node, self.comparison())
        return node

    def comparison(self) -> Node:
        node = self.sum()
        sign = self.take(*COMPARISONS, "==")
        return Comparison(sign.replace("==", "="), node, self.sum()) if sign else node

    def sum(self) -> Node:
        node = self.product()
        while sign := self.take("+", "-"):
            node = Arithmetic(sign, node, self.product())
        return node

    def product(self) -> Node:
        node = self.atom()
        while sign := self.take("*", "/"):
            node = Arithmetic(sign, node, self.atom())
        return node

    def atom(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise PickError(f"the pick is nested deeper than {DEEPEST} levels")
        node = self._atom()
        self.depth -= 1
        return node

    def _atom(self) -> Node:
        if self.take("-"):
            return Minus(self.atom())
        if self.take("("):
            node = self.both()
            self.need(")")
            return node
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if kind == "number":
            self.at += 1
            percent = text.endswith("%")
            return Number(float(text.rstrip("%")) / (100 if percent else 1))
        if kind != "name" or text == "and":
            raise PickError(f"expected a column, a number or a function {self.here()}")
        self.at += 1
        return self.aggregate(text) if self.peek() == "(" else self.column(text)

    def aggregate(self, name: str) -> Node:
        if name not in AGGREGATES:
            raise PickError(f"there is no function {name}(); there are {', '.join(AGGREGATES)}")
        self.need("(")
        if self.take(")"):
            if name != "count":
                raise PickError(f"{name}() needs a column, such as {name}(pct)")
            return Aggregate(name, None)
        of = self.both()
        self.need(")")
        if has_aggregate(of):
            raise PickError(f"{name}() cannot hold another function")
        if name == "part" and not isinstance(of, Comparison | Both):
            raise PickError("part() needs a condition, such as part(pct < 0)")
        if name in ("sum", "mean", "max", "min", "rank") and isinstance(of, Comparison | Both):
            raise PickError(f"{name}() needs a figure, not a condition")
        if name == "rank" and not any(c.conditions for c in columns(of)):
            raise PickError("rank() needs the row in brackets, such as rank(value[province=Hebei])")
        return Aggregate(name, of)

    def column(self, name: str) -> Column:
        call = ""
        if self.take("."):
            kind, column = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
            if kind != "name":
                raise PickError(f"expected a column after {name!r} and a dot")
            self.at += 1
            call, name = name, column
        conditions: tuple[Condition, ...] = ()
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "bracket":
            conditions = _conditions(self.tokens[self.at][1])
            self.at += 1
        return Column(call, name, conditions)


def _conditions(bracket: str) -> tuple[Condition, ...]:
    found = []
    for part in filter(str.strip, bracket.strip("[]").split(";")):
        read = _CONDITION.fullmatch(part)
        if read is None:
            raise PickError(
                f"cannot read [{part.strip()}]; write [province=Hebei] or [year<2025],"
                " several divided by ;"
            )
        found.append(Condition(read[1], read[2].replace("==", "="), read[3]))
    if not found:
        raise PickError("the square brackets are empty; write [province=Hebei]")
    return tuple(found)
