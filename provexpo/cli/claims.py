"""The command that checks published statements."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from provexpo.cli.app import app
from provexpo.cli.options import AsOf, Lang, Report, Store, Version, one_of, open_trade


@app.command()
def verify(
    store: Store = None,
    claims: Annotated[
        str | None, typer.Option(help="A ledger (CSV); left out: the shipped statements.")
    ] = None,
    as_of: AsOf = None,
    version: Version = None,
    lang: Lang = "en",
    report: Report = "table",
) -> None:
    """Check published statements; exit 1 when one mismatches, 2 for a bad ledger."""
    one_of("--format", report, ("table", "json"))
    from provexpo.claims.verify import verify as check

    verdicts = check(open_trade(store, version, as_of), claims, lang=lang)
    if report == "json":
        typer.echo(json.dumps(verdicts.to_dict(), ensure_ascii=False, indent=2))
    else:
        typer.echo(verdicts.to_text(), nl=False)
    if verdicts.failed:
        raise typer.Exit(1)
