"""The layouts a file may have, and which one a file has: said by the caller, or by its header."""

from __future__ import annotations

from typing import Protocol

from provexpo.errors import CallError, LayoutError, ManifestError
from provexpo.ingest.layouts import (
    bulletin,
    census,
    comexstat,
    comtrade,
    partner_totals,
    query,
    tidy,
)
from provexpo.ingest.layouts.parsed import Parsed
from provexpo.ingest.options import Settings
from provexpo.ingest.table import Table


class Layout(Protocol):
    NAME: str

    def read(self, table: Table, settings: Settings) -> Parsed: ...


_LAYOUTS: dict[str, Layout] = {
    module.NAME: module
    for module in (query, bulletin, partner_totals, census, comtrade, comexstat, tidy)
}

# Who publishes files of a layout; files of the other layouts say it themselves. The reporter CHN
# is what a call that says nothing has, so it contradicts no layout.
_REPORTERS = {
    query.NAME: "CHN",
    bulletin.NAME: "CHN",
    partner_totals.NAME: "CHN",
    census.NAME: "USA",
    comexstat.NAME: "BRA",
}


def choose_layout(table: Table, settings: Settings) -> Layout:
    """The stated layout; tidy where a column map is given; else the one the header fits."""
    layout = _recognised(table, settings)
    if layout is not tidy and settings.tidy is not None:
        raise ManifestError(
            f"the manifest has keys of a tidy file for a file of layout {layout.NAME}",
            where=table.path,
            expected="match, flow, period, vintage, layout, covers, accept_full: such a file states"
            " its columns, currency and unit itself",
            do="remove the other keys, or write layout = 'tidy' with [files.columns]",
        )
    own = _REPORTERS.get(layout.NAME)
    if own is not None and settings.reporter not in ("CHN", own):
        raise CallError(
            f"reporter {settings.reporter} for a file of {own} (layout {layout.NAME})",
            where=table.path,
            expected=f"reporter {own}, or layout = 'tidy'",
            do="leave out the reporter: the file says who reports",
        )
    return layout


def _recognised(table: Table, settings: Settings) -> Layout:
    if settings.layout is not None:
        return _LAYOUTS[settings.layout]
    if settings.tidy is not None and settings.tidy.columns:
        return tidy
    for layout in (census, comtrade, comexstat, partner_totals):
        if layout.matches(table.header):
            return layout
    if table.text is None and table.encoding != "xlsx":
        return tidy
    if query.matches(table.header):
        return query
    head = [
        table.header,
        *([str(cell or "") for cell in row] for row in table.frame.head(2).iter_rows()),
    ]
    if bulletin.matches(head):
        return bulletin
    shown = ", ".join(repr(name[:40]) for name in table.header[:8])
    raise LayoutError(
        f"unknown header (read as {table.encoding}): {shown}",
        where=f"{table.path}, line 1",
        expected="the header of a customs query download (数据年月, 商品编码, ..., 美元 or 人民币),"
        " table 8 of the bulletin or its totals by partner, a file of Census, UN Comtrade or Comex"
        " Stat, or a column map for a tidy file",
        do="describe the file in provexpo.toml: [[files]] match, layout = 'tidy', [files.columns]",
    )
