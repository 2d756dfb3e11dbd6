"""Options of one metric on the command line, wherever they stand."""

from __future__ import annotations

import inspect

import pytest

from provexpo.cli.extras import extra_options, sorted_words
from provexpo.errors import CallError


def metric(
    trade: object, *, over: str = "partner", least: float | None = None, top: int = 3,
    robust: bool = False, hubs: "Sequence[str] | None" = None,  # noqa: F821, UP037
) -> None:  # fmt: skip
    """Stands for a metric."""


SIGNATURE = inspect.signature(metric)


def read(*tokens: str) -> dict[str, object]:
    return extra_options(tokens, "metric", SIGNATURE)


def test_values_get_the_type_that_the_function_states() -> None:
    assert read("--over", "product", "--least=0.5", "--top", "5") == {
        "over": "product", "least": 0.5, "top": 5,
    }  # fmt: skip
    assert read("--hubs", "Vietnam,Mexico") == {"hubs": ["Vietnam", "Mexico"]}
    assert read("--robust") == {"robust": True}
    assert read("--robust", "no") == {"robust": False}


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        (("--ovr", "product"), "did you mean --over"),
        (("--top", "many"), "not a number"),
        (("--over",), "needs a value"),
        (("--robust", "perhaps"), "yes nor no"),
    ],
)
def test_a_wrong_option_says_what_there_is(tokens: tuple[str, ...], says: str) -> None:
    with pytest.raises(CallError, match=says):
        read(*tokens)


@pytest.mark.parametrize(
    ("metric", "store", "rest", "found"),
    [
        ("offset", "desk", ["--hubs", "VNM"], ("offset", "desk", ["--hubs", "VNM"])),
        ("offset", "--hubs", ["VNM"], ("offset", None, ["--hubs", "VNM"])),
        ("offset", "--hubs=VNM", [], ("offset", None, ["--hubs=VNM"])),
        ("offset", "--hubs", ["VNM", "desk"], ("offset", "desk", ["--hubs", "VNM"])),
        ("--hubs", "VNM", ["offset", "desk"], ("offset", "desk", ["--hubs", "VNM"])),
        ("offset", None, [], ("offset", None, [])),
    ],
)
def test_the_store_is_found_wherever_the_options_stand(
    metric: str, store: str | None, rest: list[str], found: tuple[str, str | None, list[str]]
) -> None:
    assert sorted_words(metric, store, rest) == found


def test_two_stores_are_one_too_many() -> None:
    with pytest.raises(CallError, match="more than one store: a, b"):
        sorted_words("offset", "a", ["b"])
