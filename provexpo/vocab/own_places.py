"""Places of reporters other than CHN: their own codes, names, and the area each lies in."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import polars as pl

from provexpo.vocab.tables import read, rows


@cache
def own_places(reporter: str) -> pl.DataFrame:
    """code, name, area of one reporter's places; no row where none are held.

    >>> own_places("BRA").filter(pl.col("code") == "4106902").rows()
    [('4106902', 'Curitiba', 'PR')]
    """
    held = read("own_places").filter(pl.col("reporter") == reporter)
    return held.select("code", "name", "area")


@cache
def own_areas(reporter: str) -> dict[str, str]:
    """area -> name, such as PR -> Paraná."""
    return {row["area"]: row["name"] for row in rows("own_areas") if row["reporter"] == reporter}


def whole_areas(reporter: str, codes: Collection[str]) -> str:
    """The areas that these places make up, where they are whole areas and nothing else; else "".

    >>> parana = own_places("BRA").filter(pl.col("area") == "PR")["code"].to_list()
    >>> whole_areas("BRA", parana), whole_areas("BRA", parana[1:]), whole_areas("CHN", ["44"])
    ('Paraná (PR)', '', '')
    """
    table = own_places(reporter)
    held = table.filter(pl.col("code").is_in(list(codes)))
    if held.is_empty() or held.height != len(codes):
        return ""
    areas = sorted(set(held["area"]))
    if held.height != table.filter(pl.col("area").is_in(areas)).height:
        return ""
    known = own_areas(reporter)
    return ", ".join(f"{known[area]} ({area})" for area in areas)
