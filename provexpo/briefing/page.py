"""The page: one self-contained HTML file, whole without scripts. The keeper of Jinja2."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from provexpo.briefing.colours import styles
from provexpo.output import labels


@cache
def _environment() -> Environment:
    # Autoescape for every template: a name or a note from data can hold markup.
    env = Environment(
        loader=PackageLoader("provexpo.briefing", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.globals["word"] = labels.word
    env.globals["styles"] = styles()
    return env


def render(view: dict[str, Any]) -> str:
    """Fill the page with what `view.page_view` gives."""
    return _environment().get_template("page.html.j2").render(view)
