"""Options that one metric alone has, read by the signature of its function."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from provexpo.cli.options import words
from provexpo.errors import CallError

_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


def extra_options(
    tokens: Sequence[str], metric: str, signature: inspect.Signature
) -> dict[str, Any]:
    """`--over product --min-variety=5000` as keyword arguments of the metric."""
    known = {n: p for n, p in signature.parameters.items() if n != "trade"}
    found: dict[str, Any] = {}
    for option, text in _pairs(tokens):
        name = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--") or name not in known:
            near = get_close_matches(name, known, 1)
            raise CallError(
                f"{metric} has no option {option}",
                expected=", ".join("--" + k.replace("_", "-") for k in known),
                do=f"did you mean --{near[0].replace('_', '-')}?" if near else None,
            )
        found[name] = _value(option, text, known[name])
    return found


def sorted_words(
    metric: str, store: str | None, rest: Sequence[str]
) -> tuple[str, str | None, list[str]]:
    """METRIC, STORE and the options of the metric, wherever the options stand.

    The parser knows no option of a single metric, so it takes `--over` for the next argument.
    """
    words = [w for w in (metric, store, *rest) if w is not None]
    plain: list[str] = []
    options: list[str] = []
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            plain.append(word)
            continue
        options.append(word)
        if "=" not in word and words and not words[0].startswith("--"):
            options.append(words.pop(0))
    if not plain:
        raise CallError("the metric is missing", where="METRIC", do="name it before its options")
    if len(plain) > 2:
        raise CallError(
            f"more than one store: {', '.join(plain[1:])}",
            expected="METRIC and one STORE; lists in one word, with commas",
        )
    return plain[0], plain[1] if len(plain) > 1 else None, options


def _pairs(tokens: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    rest = list(tokens)
    while rest:
        option, equals, text = rest.pop(0).partition("=")
        if equals:
            yield option, text
        elif rest and not rest[0].startswith("--"):
            yield option, rest.pop(0)
        else:
            yield option, None


def _value(option: str, text: str | None, parameter: inspect.Parameter) -> Any:
    """The text as the type that the function states."""
    kind = str(parameter.annotation)
    if kind.startswith("bool"):
        if text is None or text.lower() in (*_YES, *_NO):
            return text is None or text.lower() in _YES
        raise CallError(f"{option} {text!r} is neither yes nor no", expected="true or false")
    if text is None:
        raise CallError(f"{option} needs a value", do=f"write {option} VALUE")
    if "Words" in kind or "Sequence" in kind:
        return words(text)
    for number in (int, float):
        if number.__name__ in kind:
            try:
                return number(text)
            except ValueError:
                if number is float or "float" not in kind:
                    raise CallError(f"{option} {text!r} is not a number") from None
    return text
