"""The specification as a page carries it: a block of data, two scripts and their hashes."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert


@dataclass(frozen=True)
class Live:
    """What the page writes, each exactly as it is: a changed letter changes the hash.

    `data` goes into `<script type="application/json" id="spec">`, each of `scripts` into a script
    of its own of the type in `kinds`, and `hashes` into `script-src` of the page's policy.
    """

    data: str
    scripts: tuple[str, ...]
    kinds: tuple[str, ...]
    hashes: tuple[str, ...]


def live(spec: dict[str, Any]) -> Live:
    """The parts of the live page for `Charts.spec`."""
    scripts = (bundle(), _page_script())
    # Modules: their names are their own, and they run in order once the page is read.
    return Live(data_block(spec), scripts, ("module", "module"), tuple(map(csp_hash, scripts)))


def data_block(spec: dict[str, Any]) -> str:
    """JSON that cannot end the element it stands in: no `<` is left in it."""
    text = json.dumps(spec, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return (
        text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )  # fmt: skip


def csp_hash(script: str) -> str:
    """A script's hash as a content security policy writes it."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


@cache
def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, about 900 kB; made in a second or so."""
    text = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # the stub lacks the default
    return text.replace("</script", "<\\/script")


@cache
def _page_script() -> str:
    return Path(__file__).with_name("live.js").read_text(encoding="utf-8")
