"""Commands that write for readers, and what a machine has for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provexpo.cli.app import app
from provexpo.cli.options import (
    Against,
    AsOf,
    During,
    Reporter,
    Store,
    Version,
    open_trade,
    words,
)


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
    lang: Annotated[str | None, typer.Option(help="en, zh or en,zh. Default: en.")] = None,
    out: Annotated[str, typer.Option(help="Folder for the files.")] = "provexpo-briefing",
    formats: Annotated[str, typer.Option(help="html,png,svg,pdf,xlsx,csv")] = "html,png,xlsx",
    sections: Annotated[
        str | None, typer.Option(help="Which sections, in which order: headlines,where,table,...")
    ] = None,
    config: Annotated[
        str | None, typer.Option(help="A TOML file: title, source, logo, colours, sections, ...")
    ] = None,
) -> None:
    """Write the briefing: page, map and tables."""
    from provexpo.briefing.brief import brief as write

    briefing = write(
        open_trade(store, version, as_of),
        partner="US" if partner is None else words(partner) or "",
        during=during,
        against=against,
        flow=flow,
        reporter=reporter,
        lang=lang,
        out=out,
        formats=formats,
        sections=sections,
        config=config,
        progress=lambda step: typer.echo(f"  {step}", err=True),
    )
    for note in briefing.notes:
        typer.echo(f"left out: {note}", err=True)
    typer.echo("The briefing lies in:")
    for file in briefing.files:
        typer.echo(f"  {Path(file).resolve()}")


@app.command()
def doctor() -> None:
    """Versions, fonts, boundaries, write access."""
    from provexpo.doctor import examine, text_of

    typer.echo(text_of(examine()))
