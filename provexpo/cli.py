"""The command line: the same words as in Python, and no logic of its own."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provexpo import __version__
from provexpo.errors import CallError, ProvexpoError

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

METRICS = ("value", "balance", "growth", "dependence")
FORMATS = ("table", "csv", "json", "xlsx", "parquet")
FEW_FILES = 3

app = typer.Typer(
    name="provexpo",
    help="From a folder of customs downloads to a map of provincial export dependence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Store = Annotated[
    str | None,
    typer.Argument(help="Folder of the store; left out: the illustrative sample (not data)."),
]
Partner = Annotated[list[str] | None, typer.Option(help="Partners, groups, 'not X'; commas.")]
During = Annotated[
    str | None,
    typer.Option(help="Window: 2025, 2025-07, 2025Q2, 2025-01/2025-07, ytd:2025-07, r12:2025-07."),
]
Against = Annotated[str | None, typer.Option(help="Base window; default one year earlier.")]
Flow = Annotated[str | None, typer.Option(help="export, import or total.")]
Reporter = Annotated[str, typer.Option(help="ISO3 of who publishes the record.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="As published by the end of a date.")]
Version = Annotated[int | None, typer.Option("--version", help="The store as a load left it.")]
Lang = Annotated[str, typer.Option(help="en, zh or en,zh.")]
Province = Annotated[list[str] | None, typer.Option(help="Provinces or regions; commas.")]
Product = Annotated[list[str] | None, typer.Option(help="HS codes, baskets, sectors; commas.")]
Regime = Annotated[list[str] | None, typer.Option(help="Customs regimes; commas.")]
By = Annotated[list[str] | None, typer.Option(help="Keys: province, product:HS2 ...; nation.")]
Currency = Annotated[str | None, typer.Option(help="USD or CNY.")]
MinBase = Annotated[float | None, typer.Option(help="Dollars below which a base is small.")]
Table = Annotated[str | None, typer.Option(help="Read this table of the store.")]
Kind = Annotated[str | None, typer.Option(help="growth: yoy, mom or cagr.")]
Report = Annotated[str, typer.Option("--format", help="table or json.")]
Measure = Annotated[str | None, typer.Option(help="value, quantity or balance.")]


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 the data failed a check, 2 the call was wrong."""
    from provexpo.output.streams import fit_streams

    fit_streams()
    try:
        app(standalone_mode=True)
    except BrokenPipeError:  # the reader of a pipe has gone: nothing left to say
        sys.stderr.close()
        sys.exit(0)
    except (ProvexpoError, OSError) as err:  # OSError: a full disk, a folder without rights
        typer.echo(f"error: {err}", err=True)
        sys.exit(2)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"provexpo {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    pass


def _trade(store: str | None, version: int | None = None, as_of: str | None = None) -> Trade:
    if store is not None:
        from provexpo.engine.trade import open as open_store

        return open_store(store, version=version, as_of=as_of)
    if version is not None or as_of is not None:
        raise CallError(
            "the illustrative sample has one load and no revisions",
            where="--as-of, --version",
            do="name a store, or leave them out",
        )
    typer.echo("illustrative sample, not data", err=True)
    from provexpo.demo import sample

    return sample()


def _words(given: str | list[str] | None) -> list[str] | None:
    """The words of a list with commas; of an option given twice, both."""
    texts = [given] if isinstance(given, str) else given or []
    return [w.strip() for t in texts for w in t.split(",") if w.strip()] if given else None


def _metric(name: str) -> Callable[..., Result]:
    if name not in METRICS:
        raise CallError(f"there is no metric {name!r}", where="METRIC", expected=", ".join(METRICS))
    metric: Callable[..., Result] = getattr(import_module(f"provexpo.metrics.{name}"), name)
    return metric


def _call(metric_name: str, trade: Trade, given: dict[str, Any]) -> Result:
    """Call a metric with the options that were given, refusing those it does not have."""
    metric = _metric(metric_name)
    known = inspect.signature(metric).parameters
    options = {k: v for k, v in given.items() if v is not None}
    foreign = sorted(set(options) - set(known))
    if foreign:
        raise CallError(
            f"{metric_name} has no option {', '.join('--' + f.replace('_', '-') for f in foreign)}",
            expected=", ".join("--" + k.replace("_", "-") for k in known if k != "trade"),
        )
    return metric(trade, **options)


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
def brief(
    store: Store = None,
    partner: Annotated[list[str] | None, typer.Option(help="Default: US.")] = None,
    during: During = None,
    against: Against = None,
    flow: Annotated[str, typer.Option(help="export, import or total.")] = "export",
    reporter: Reporter = "CHN",
    as_of: AsOf = None,
    version: Version = None,
    lang: Lang = "en",
    out: Annotated[str, typer.Option(help="Folder for the files.")] = "provexpo-briefing",
    formats: Annotated[str, typer.Option(help="html,png,svg,pdf,xlsx,csv")] = "html,png,xlsx",
) -> None:
    """Write the briefing: page, map and tables."""
    from provexpo.briefing.brief import brief as write

    briefing = write(
        _trade(store, version, as_of),
        partner="US" if partner is None else _words(partner) or "",
        during=during,
        against=against,
        flow=flow,
        reporter=reporter,
        lang=lang,
        out=out,
        formats=formats,
        progress=lambda step: typer.echo(f"  {step}", err=True),
    )
    for note in briefing.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo("The briefing lies in:")
    for file in briefing.files:
        typer.echo(f"  {Path(file).resolve()}")


@app.command()
def add(
    store: Annotated[str, typer.Argument(help="Folder of the store; made when not there.")],
    paths: Annotated[list[str], typer.Argument(help="Files and folders to load.")],
    flow: Annotated[str | None, typer.Option(help="export or import, for query downloads.")] = None,
    layout: Annotated[str | None, typer.Option(help="query, bulletin or tidy.")] = None,
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
    _one_of("--format", report, ("table", "json"))
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
            accept_full=_words(accept_full) or (),
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
    _one_of("--format", report, ("table", "json"))
    trade = _trade(store, version, as_of)
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
    _one_of("--format", report, ("table", "json"))
    from provexpo.engine.check import check as compare

    found = compare(_trade(store, version, as_of))
    if report == "json":
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2))
    else:
        typer.echo(found.to_text())
    if found.failed:
        raise typer.Exit(1)


@app.command()
def run(
    metric: Annotated[str, typer.Argument(help=", ".join(METRICS))],
    store: Store = None,
    partner: Partner = None,
    during: During = None,
    against: Against = None,
    flow: Flow = None,
    province: Province = None,
    product: Product = None,
    regime: Regime = None,
    by: By = None,
    currency: Currency = None,
    min_base: MinBase = None,
    kind: Kind = None,
    measure: Measure = None,
    table: Table = None,
    reporter: Reporter = "CHN",
    as_of: AsOf = None,
    version: Version = None,
    lang: Lang = "en",
    output: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))] = "table",
    explain: Annotated[bool, typer.Option("--explain", help="Definition and statement.")] = False,
    out: Annotated[str | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Compute one metric."""
    _one_of("--format", output, FORMATS)
    _metric(metric)
    result = _call(
        metric,
        _trade(store, version, as_of),
        {
            "partner": _words(partner), "during": during, "against": against, "flow": flow,
            "province": _words(province), "product": _words(product), "regime": _words(regime),
            "by": _words(by), "currency": currency, "min_base": min_base, "kind": kind,
            "measure": measure, "table": table, "reporter": reporter, "lang": lang,
        },
    )  # fmt: skip
    if explain:
        typer.echo(result.explain())
        return
    if out is not None:
        path = Path(out)
        ending = {"table": path.suffix}.get(output, f".{output}")
        if path.suffix.lower() != ending.lower():
            raise CallError(
                f"--format {output} does not go with the name {path.name}",
                do=f"name the file {path.stem}{ending}, or leave out --format",
            )
        typer.echo(f"wrote {result.write(path)}", err=True)
        return
    _print(result, output)


def _print(result: Result, output: str) -> None:
    from provexpo.output.tables import to_csv, to_json
    from provexpo.output.text import to_text

    if output in ("xlsx", "parquet"):
        name = f"{result.receipt.metric}.{output}"
        raise CallError(f"--format {output} is no text for the terminal", do=f"add --out {name}")
    texts = {"json": to_json, "csv": to_csv, "table": to_text}
    typer.echo(texts[output](result).rstrip("\n"))


@app.command(name="map")
def draw_map(
    metric: Annotated[str, typer.Argument(help=", ".join(METRICS))],
    store: Store = None,
    column: Annotated[str | None, typer.Option(help="The column to colour by.")] = None,
    style: Annotated[str, typer.Option(help="map or tiles.")] = "map",
    partner: Partner = None,
    during: During = None,
    against: Against = None,
    flow: Flow = None,
    product: Product = None,
    regime: Regime = None,
    currency: Currency = None,
    measure: Measure = None,
    table: Table = None,
    reporter: Reporter = "CHN",
    as_of: AsOf = None,
    version: Version = None,
    lang: Lang = "en",
    boundaries: Annotated[
        str | None, typer.Option(help="A boundary file of your own with a column code.")
    ] = None,
    boundary_source: Annotated[str | None, typer.Option(help="Whose boundaries they are.")] = None,
    approval: Annotated[str | None, typer.Option(help="Its map approval number.")] = None,
    out: Annotated[str | None, typer.Option(help="File: .png, .svg or .pdf.")] = None,
) -> None:
    """Draw one metric as a map of provinces."""
    from provexpo.maps.choropleth import choropleth

    _metric(metric)
    result = _call(
        metric,
        _trade(store, version, as_of),
        {
            "partner": _words(partner), "during": during, "against": against, "flow": flow,
            "product": _words(product), "regime": _words(regime), "currency": currency,
            "measure": measure, "table": table, "reporter": reporter, "lang": lang,
            "by": ["province"],
        },
    )  # fmt: skip
    picture = choropleth(
        result,
        column=column,
        style=style,
        boundaries=boundaries,
        boundary_source=boundary_source,
        approval=approval,
    )
    typer.echo(str(picture.save(out or f"{metric}.png").resolve()))


@app.command()
def doctor() -> None:
    """Versions, fonts, boundaries, write access."""
    from provexpo.doctor import examine, text_of

    typer.echo(text_of(examine()))


def _one_of(option: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise CallError(f"{option} {given!r} is not known", expected=", ".join(allowed))


if __name__ == "__main__":
    main()
