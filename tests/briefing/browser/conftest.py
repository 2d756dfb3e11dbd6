"""A real browser for the pages of the briefing, and the pages it reads.

The browser is the system's Chromium, without a network. On a machine without it these tests skip;
where PROVEXPO_BROWSER_REQUIRED is set they fail instead.
"""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
import pytest

import provexpo as pe
from provexpo.store.loading import load_rows

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
READY = 'html:not([data-ready="fallback"])'
SECONDS = 10
# Set by whatever of the hostile texts is run.
_MARK = "document.documentElement.dataset.ran"
HOSTILE_NAMES = {
    "14": f"</script><script>{_MARK}='1'</script>",  # the province that is selected at first
    "44": f"""<img src=x onerror="{_MARK}='1'">&amp; 'Guang' \\ dong $& $' {{name}}""",
    "51": f"<svg onload={_MARK}=1>",
    "35": f"'+(event.view._el.ownerDocument.documentElement.dataset.ran='1')+'{_MARK}",
}
HOSTILE_NOTE = f"<script>{_MARK}='1'</script> javascript:{_MARK}=1 https://notes.example/a?b=1&c=2"
HOSTILE_TOML = f"""
title = '''</title><script>{_MARK}='1'</script>'''
source = '''<a href="javascript:{_MARK}=1">us</a> https://desk.example/source'''
[[extra]]
key = "memo"
title = '''<img src=x onerror={_MARK}=1>'''
text = '''<iframe srcdoc="<script>parent.{_MARK}=1</script>"></iframe> https://memo.example/'''
"""
# In the gap briefing: with figures, traded nothing with the US, traded nothing at all.
GAP_FIGURES, GAP_NONE, GAP_UNDEFINED = ("32", "33", "44", "51"), "62", "54"


def without(reason: str) -> NoReturn:
    if os.environ.get("PROVEXPO_BROWSER_REQUIRED"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        without("playwright is not installed")
    given = os.environ.get("PROVEXPO_BROWSER")
    path = given or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        without("there is no Chromium on this machine; PROVEXPO_BROWSER may name one")
    with sync_playwright() as play:
        try:
            # Each launch has a new and empty profile of its own.
            browser = play.chromium.launch(executable_path=path, args=list(FLAGS))
        except Error as err:
            without(f"{path} does not start: {str(err).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def axe() -> Callable[[Any], list[dict[str, Any]]]:
    """What axe-core finds in a page."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        without("axe-playwright-python is not installed")
    return lambda page: Axe().run(page).response["violations"]


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> pe.Briefing:
    """The sample's briefing in both languages. (Not written where no browser can read it.)"""
    out = tmp_path_factory.mktemp("sample")
    return pe.brief(pe.sample(), lang="en,zh", formats="html", out=out)


@pytest.fixture(scope="package")
def page_files(made: pe.Briefing) -> dict[str, Path]:
    return {file.stem.rpartition("_")[2]: file for file in made.files}


@pytest.fixture(scope="package")
def shares(made: pe.Briefing) -> dict[str, dict[str, Any]]:
    """code -> the row of the metric, asked again beside the page."""
    asked = {"during": made.window, "against": made.base_window}
    result = pe.dependence(pe.sample(), partner="US", **asked)
    return {row["province"]: row for row in result.frame.to_dicts()}


@pytest.fixture(scope="package")
def hostile(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Path:
    """A briefing whose names, notes and settings hold markup, scripts and addresses."""
    out = tmp_path_factory.mktemp("hostile")
    (out / "desk.toml").write_text(HOSTILE_TOML, encoding="utf-8")
    module = importlib.import_module("provexpo.briefing.brief")
    real = module.gather
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "gather", lambda *a, **k: _planted(real(*a, **k)))
        made = pe.brief(
            pe.sample(), lang="en", formats="html", out=out / "out", config=out / "desk.toml"
        )
    return made.files[0]


def _planted(figures: Any) -> Any:
    """The same figures with hostile names in every frame and a hostile caveat."""
    changed = {}
    for name, result in vars(figures).items():
        if not isinstance(getattr(result, "frame", None), pl.DataFrame):
            continue
        more = {"caveats": (*result.caveats, pe.Caveat("desk", HOSTILE_NOTE))}
        more |= {
            key: _renamed(getattr(result, key)) for key in ("frame", "points")
            if isinstance(getattr(result, key, None), pl.DataFrame)
        }  # fmt: skip
        changed[name] = replace(result, **more)
    return replace(figures, **changed)


def _renamed(frame: pl.DataFrame) -> pl.DataFrame:
    if not {"province", "province_name"} <= set(frame.columns):
        return frame
    new = pl.col("province").replace(HOSTILE_NAMES)
    kept = pl.col("province").is_in(list(HOSTILE_NAMES))
    return frame.with_columns(
        pl.when(kept).then(new).otherwise("province_name").alias("province_name")
    )


@pytest.fixture(scope="package")
def gaps(
    tmp_path_factory: pytest.TempPathFactory,
    plant_file: Callable[..., Any],
    chromium: Any,
) -> Path:
    """A briefing from a store that holds six provinces, in one currency, of two partners."""
    out = tmp_path_factory.mktemp("gaps")
    months = [y * 100 + m for y in (2024, 2025) for m in range(1, 8)]
    million = 1_000_000
    rows = [
        {"period": month, "province": code, "partner": partner, "product": "85",
         "value": million * (100 + 7 * i) * (2 + i if partner == "US" else 40)}
        for month in months
        for i, code in enumerate((*GAP_FIGURES, GAP_NONE))
        for partner in ("US", "JP")
        if not (partner == "US" and code == GAP_NONE)
    ]  # fmt: skip
    held = (*GAP_FIGURES, GAP_NONE, GAP_UNDEFINED)
    declared = ("partner", "product", "regime")
    file = plant_file(rows, declared=declared, listed={"province": tuple(sorted(held))})
    load_rows(out / "store", [file])
    made = pe.brief(pe.open(out / "store"), lang="en", formats="html", out=out / "out")
    return made.files[0]


@dataclass
class Opened:
    """A page with all that was said, asked for and refused while it was open."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def refused(self) -> list[str]:
        return self.page.evaluate("globalThis.__refused || []")

    def run(self, script: str, given: Any = None) -> Any:
        return self.page.evaluate(script, given)

    def ready(self) -> str:
        self.page.wait_for_selector(READY, state="attached", timeout=SECONDS * 1000)
        return self.run("document.documentElement.dataset.ready")


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Opened]]:
    """Open a file, as wide as said; with scripts, it is waited for until its figures stand."""
    contexts = []

    def open_file(file: Path, width: int = 1200, *, scripts: bool = True) -> Opened:
        size = {"width": width, "height": 900}
        context = chromium.new_context(viewport=size, java_script_enabled=scripts)
        contexts.append(context)
        page = context.new_page()
        opened = Opened(page)
        page.on("console", lambda m: opened.said.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: opened.said.append(f"error: {e}"))
        page.on("request", lambda r: opened.asked.append(r.url))
        page.add_init_script(
            "globalThis.__refused = []; addEventListener('securitypolicyviolation',"
            " (e) => __refused.push(`${e.effectiveDirective} ${e.blockedURI}`));"
        )
        page.goto(file.as_uri())
        if scripts:
            assert opened.ready() == "1"
        return opened

    yield open_file
    for context in contexts:
        context.close()
