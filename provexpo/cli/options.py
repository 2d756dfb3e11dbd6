"""The options that several commands share, and how their words are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provexpo.errors import CallError

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade

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


def open_trade(store: str | None, version: int | None = None, as_of: str | None = None) -> Trade:
    if store is not None:
        from provexpo.engine.trade import open as open_store

        return open_store(store, version=version, as_of=as_of)
    typer.echo("illustrative sample, not data", err=True)
    from provexpo.demo import sample

    return sample(version=version, as_of=as_of)


def words(given: str | list[str] | None) -> list[str] | None:
    """The words of a list with commas; of an option given twice, both."""
    texts = [given] if isinstance(given, str) else given or []
    return [w.strip() for t in texts for w in t.split(",") if w.strip()] if given else None


def one_of(option: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise CallError(f"{option} {given!r} is not known", expected=", ".join(allowed))
