"""Tables for a user to look through: what words there are, and what they stand for."""

from __future__ import annotations

import polars as pl

from provexpo.vocab.partners import group_members, members_today, partner_codes
from provexpo.vocab.resolve import resolve
from provexpo.vocab.tables import read


def provinces() -> pl.DataFrame:
    """The 31 provinces of mainland China.

    Returns
    -------
    polars.DataFrame
        province (two-digit code), name_en, name_zh, name_zh_full, iso_3166_2, region (east,
        central, west, northeast as the National Bureau of Statistics divides them).

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.provinces().height
    31
    """
    return read("places").select(
        pl.col("code").alias("province"),
        "name_en",
        "name_zh",
        "name_zh_full",
        "iso_3166_2",
        "region",
    )


def partners(reporter: str = "CHN") -> pl.DataFrame:
    """The partner codes of one reporter and the countries behind them.

    Returns
    -------
    polars.DataFrame
        partner_code (the reporter's), partner (ISO3, or X and the code where no country stands
        behind it), iso2, name_en, name_zh, valid_from, valid_to (yyyymm, NULL = not known or
        open).

    Examples
    --------
    >>> import polars as pl, provexpo as pe
    >>> pe.partners().filter(pl.col("partner") == "USA")["partner_code"].item()
    '502'
    """
    iso2 = read("countries").select("partner", "iso2")
    columns = ("partner_code", "partner", "iso2", "name_en", "name_zh", "valid_from", "valid_to")
    return partner_codes(reporter).join(iso2, on="partner", how="left").select(columns)


def groups(name: str | None = None) -> pl.DataFrame:
    """The partner groups, or the members of one.

    Returns
    -------
    polars.DataFrame
        Without a name: group, name_en, name_zh, members (how many today), definition, source,
        date. With a name: partner, name_en, name_zh, valid_from, valid_to (yyyymm) of each member.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.groups("G7")["partner"].to_list()
    ['CAN', 'DEU', 'FRA', 'GBR', 'ITA', 'JPN', 'USA']
    """
    if name is not None:
        return _members(name)
    counts = {group: len(members_today(group)) for group in group_members()}
    return read("groups").select(
        "group",
        "name_en",
        "name_zh",
        pl.col("group").replace_strict(counts, return_dtype=pl.Int64).alias("members"),
        "definition",
        "source",
        "date",
    )


def _members(name: str) -> pl.DataFrame:
    picked = resolve("partner", name, where="groups(name=)").groups
    members = read("partner_groups").filter(pl.col("group").is_in(picked))
    return (
        members.join(read("countries"), on="partner", how="left")
        .select("partner", "name_en", "name_zh", pl.col("valid_from", "valid_to").cast(pl.Int32))
        .sort("partner")
    )


def regimes() -> pl.DataFrame:
    """The customs regimes (trade modes) of the Chinese customs statistics.

    Returns
    -------
    polars.DataFrame
        regime (two-digit code), name_en, name_zh.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.regimes().row(0)
    ('10', 'Ordinary Trade', '一般贸易')
    """
    return read("regimes").select(pl.col("code").alias("regime"), "name_en", "name_zh")


def baskets(name: str | None = None) -> pl.DataFrame:
    """The product baskets, or the HS codes of one.

    Returns
    -------
    polars.DataFrame
        Without a name: basket, name_en, name_zh, is_approximation (boolean: no official HS list
        exists), definition, source. With a name: basket, product (HS prefix), valid_from,
        valid_to (yyyymm).

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.baskets("phone parts")["product"].to_list()
    ['85177030', '85177930']
    """
    if name is not None:
        picked = resolve("product", name, where="baskets(name=)").groups
        codes = read("basket_products").filter(pl.col("basket").is_in(picked))
        return codes.select("basket", "product", pl.col("valid_from", "valid_to").cast(pl.Int32))
    return read("baskets").select(
        "basket",
        "name_en",
        "name_zh",
        (pl.col("is_approximation") == "true").alias("is_approximation"),
        "definition",
        "source",
    )
