"""The command line itself: its name, and what becomes of an error."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from provexpo import __version__
from provexpo.errors import ProvexpoError

app = typer.Typer(
    name="provexpo",
    help="From a folder of customs downloads to a map of provincial export dependence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
