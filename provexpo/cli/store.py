"""Commands about a store: load files into it, see what it covers, check it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from provexpo.cli.app import app
from provexpo.cli.options import AsOf, Report, Reporter, Store, Version, one_of, open_trade, words

FEW_FILES = 3


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on standard error, for more than a few files and a person watching."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None, visible=False)

        def step(done: int, total: int, name: str) -> None:
            bar.update(
                task, completed=done, total=total, visible=total > FEW_FILES, description=name
            )

        yield step


@app.command()
def add(
    store: Annotated[str, typer.Argument(help="Folder of the store; made when not there.")],
    paths: Annotated[list[str], typer.Argument(help="Files and folders to load.")],
    flow: Annotated[str | None, typer.Option(help="export or import, for query downloads.")] = None,
    layout: Annotated[str | None, typer.Option(help="query, bulletin, tidy, comtrade, ...")] = None,
    vintage: Annotated[str | None, typer.Option(help="Date of publication or download.")] = None,
    covers: Annotated[
        str | None, typer.Option(help="What they cover: 'partners=all; products=1201', or a file.")
    ] = None,
    period: Annotated[str | None, typer.Option(help="Window of files without months.")] = None,
    accept_full: Annotated[
        list[str] | None, typer.Option(help="Files that may have exactly 10,000 rows.")
    ] = None,
    reporter: Reporter = "CHN",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out bad files.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, write nothing.")] = False,
    report: Report = "table",
) -> None:  # fmt: skip
    """Load customs files into a store: all of them or, on an error, none."""
    one_of("--format", report, ("table", "json"))
    from provexpo.store.loading import add as load

    with _progress("reading") as step:
        done = load(
            store,
            paths,
            flow=flow,
            layout=layout,
            vintage=vintage,
            covers=covers,
            period=period,
            accept_full=words(accept_full) or (),
            reporter=reporter,
            skip_bad=skip_bad,
            dry_run=dry_run,
            progress=step,
        )
    typer.echo(done.to_json() if report == "json" else done.to_text(), nl=report == "json")


@app.command()
def show(
    store: Store = None,
    as_of: AsOf = None,
    version: Version = None,
    report: Report = "table",
) -> None:
    """Draw what a store covers: tables, months, vintages, scopes, loads."""
    one_of("--format", report, ("table", "json"))
    trade = open_trade(store, version, as_of)
    if report == "json":
        typer.echo(json.dumps(trade.coverage(), ensure_ascii=False, indent=2))
        return
    from provexpo.engine.calendar import calendar_text

    typer.echo(calendar_text(trade))


@app.command()
def check(
    store: Store = None,
    as_of: AsOf = None,
    version: Version = None,
    report: Report = "table",
) -> None:
    """Control totals, gaps, suspected truncation, revisions; exit 1 when something fails."""
    one_of("--format", report, ("table", "json"))
    from provexpo.engine.check import check as compare

    found = compare(open_trade(store, version, as_of))
    if report == "json":
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2))
    else:
        typer.echo(found.to_text())
    if found.failed:
        raise typer.Exit(1)
