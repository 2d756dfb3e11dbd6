"""Commands that compute: a metric as a table, or as a map."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provexpo.cli.app import app
from provexpo.cli.extras import extra_options, sorted_words
from provexpo.cli.options import (
    Against,
    AsOf,
    By,
    Currency,
    During,
    Flow,
    Kind,
    Lang,
    Measure,
    MinBase,
    Partner,
    Product,
    Province,
    Regime,
    Reporter,
    Store,
    Table,
    Version,
    one_of,
    open_trade,
    words,
)
from provexpo.errors import CallError
from provexpo.metrics import METRICS
from provexpo.signals import SIGNALS

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

NAMES = (*METRICS, *SIGNALS)
FORMATS = ("table", "csv", "json", "xlsx", "parquet")


def _metric(name: str) -> Callable[..., Result]:
    if name not in NAMES:
        near = get_close_matches(name, NAMES, 1)
        raise CallError(
            f"there is no metric {name!r}",
            where="METRIC",
            expected=", ".join(NAMES),
            do=f"did you mean {near[0]}?" if near else None,
        )
    room = "metrics" if name in METRICS else "signals"
    metric: Callable[..., Result] = getattr(import_module(f"provexpo.{room}.{name}"), name)
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


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    metric: Annotated[str, typer.Argument(help=", ".join(NAMES))],
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
    """Compute one metric. What it alone knows is an option too: --over product, --kind mom."""
    one_of("--format", output, FORMATS)
    metric, store, rest = sorted_words(metric, store, context.args)
    extras = extra_options(rest, metric, inspect.signature(_metric(metric)))
    result = _call(
        metric,
        open_trade(store, version, as_of),
        {
            "partner": words(partner), "during": during, "against": against, "flow": flow,
            "province": words(province), "product": words(product), "regime": words(regime),
            "by": words(by), "currency": currency, "min_base": min_base, "kind": kind,
            "measure": measure, "table": table, "reporter": reporter, "lang": lang, **extras,
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
    metric: Annotated[str, typer.Argument(help=", ".join(NAMES))],
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
        open_trade(store, version, as_of),
        {
            "partner": words(partner), "during": during, "against": against, "flow": flow,
            "product": words(product), "regime": words(regime), "currency": currency,
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
