"""A Result as CSV, JSON, Parquet, XLSX, HTML, plain text or pandas."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.errors import CallError
from provexpo.output import formats, labels
from provexpo.output.cells import (
    caveats_of,
    cells,
    heading,
    is_number,
    noted,
    receipt_line,
    scales,
)
from provexpo.output.files import write_bytes
from provexpo.output.text import to_text
from provexpo.result import Result

if TYPE_CHECKING:
    import pandas

__all__ = ["to_csv", "to_dict", "to_html", "to_json", "to_pandas", "to_parquet", "to_text", "write"]

_OPEN_ROWS = 12
_FORMULA_START = r"^[=+\-@\t\r]"
_PANDAS_TYPES = {"Int64": "Int64", "Float64": "Float64", "String": "string", "Boolean": "boolean"}


def write(result: Result, path: str | Path) -> Path:
    """Write a Result; the ending of the name says how: csv, json, parquet, xlsx or html.

    Raises CallError for another ending, or a place that cannot be written to.
    """
    target = Path(path)
    ending = target.suffix.lower().removeprefix(".")
    if ending not in _WRITERS:
        raise CallError(
            f"cannot write a table as {target.name!r}",
            expected="a name ending in " + ", ".join(f".{e}" for e in _WRITERS),
            do=f"write to {target.with_suffix('.csv').name}",
        )
    return write_bytes(target, _WRITERS[ending](result))


def to_dict(result: Result) -> dict[str, Any]:
    """Rows, units, caveats and receipt as plain objects: what `--format json` prints.

    What is missing is None; NaN and infinity do not occur.
    """
    return {
        "rows": [{k: _plain(v) for k, v in row.items()} for row in result.frame.to_dicts()],
        "units": dict(result.units),
        "caveats": [asdict(c) for c in caveats_of(result)],
        "receipt": json.loads(result.receipt.to_json()),
    }


def to_json(result: Result) -> str:
    return json.dumps(to_dict(result), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def to_csv(result: Result) -> str:
    """Comma separated text with the frame's column names; missing figures are empty.

    Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers do not.
    """
    text = pl.col(pl.String)
    safe = pl.when(text.str.contains(_FORMULA_START)).then(pl.lit("'") + text).otherwise(text)
    frame = noted(result)
    has_text = any(dtype == pl.String for dtype in frame.dtypes)
    return (frame.with_columns(safe.name.keep()) if has_text else frame).write_csv()


def to_parquet(result: Result) -> bytes:
    """Parquet; units, caveats and receipt stand in the file's metadata as JSON."""
    whole = to_dict(result)
    metadata = {k: json.dumps(whole[k], ensure_ascii=False) for k in ("units", "caveats")}
    metadata["receipt"] = result.receipt.to_json()
    buffer = io.BytesIO()
    noted(result).write_parquet(buffer, metadata=metadata)
    return buffer.getvalue()


def to_pandas(result: Result) -> pandas.DataFrame:
    """The frame as pandas, with nullable types; units and caveats in `.attrs`."""
    try:
        import pandas
    except ImportError as err:
        raise CallError(
            "pandas is not installed",
            where="to_pandas()",
            expected="the extra [pandas]",
            do='pip install "provexpo[pandas]", or use .frame, which is a polars.DataFrame',
        ) from err
    columns = {
        name: pandas.array(series.to_list(), dtype=_PANDAS_TYPES.get(str(series.dtype)))
        for name, series in zip(result.frame.columns, result.frame.get_columns())
    }
    out = pandas.DataFrame(columns)
    out.attrs = {"units": dict(result.units), "caveats": [c.text for c in caveats_of(result)]}
    return out


def to_html(result: Result) -> str:
    """A table for a notebook: units in its heading, long results folded after the first rows,
    under it the caveats and where the figures come from. No script; all text is escaped."""
    by_column = scales(result)
    head = "".join(_th(result, name, by_column[name]) for name in result.frame.columns)
    rows = ["<tr>" + _tds(result, row) + "</tr>" for row in cells(result)]
    # One or two rows too many are shown, not folded.
    open_rows = _OPEN_ROWS if len(rows) > _OPEN_ROWS + 2 else len(rows)
    table = _html_table(head, rows[:open_rows])
    if rest := rows[open_rows:]:
        more = escape(labels.word("file.show_more", result.lang).format(n=f"{len(rest):,}"))
        table += f"<details><summary>{more}</summary>{_html_table(head, rest)}</details>"
    notes = "".join(f"<li>{escape(c.text)}</li>" for c in caveats_of(result))
    notes = f"<ul>{notes}</ul>" if notes else ""
    title = f"<p><strong>{escape(result.title)}</strong></p>" if result.title else ""
    receipt = f"<p><small>{escape(receipt_line(result))}</small></p>"
    return f'<div lang="{escape(result.lang)}">{title}{table}{notes}{receipt}</div>'


def _th(result: Result, name: str, scale: formats.Scale) -> str:
    text, unit = heading(result, name, scale)
    small = f"<br><small>{escape(unit)}</small>" if unit else ""
    align = "right" if is_number(result, name) else "left"
    return f'<th scope="col" style="text-align:{align}">{escape(text)}{small}</th>'


def _tds(result: Result, row: list[str]) -> str:
    sides = ("right" if is_number(result, name) else "left" for name in result.frame.columns)
    return "".join(
        f'<td style="text-align:{side}">{escape(text)}</td>' for side, text in zip(sides, row)
    )


def _html_table(head: str, rows: list[str]) -> str:
    return (
        '<div style="overflow-x:auto"><table style="font-variant-numeric:tabular-nums">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _plain(x: Any) -> Any:
    if formats.is_missing(x):
        return None
    if isinstance(x, date):
        return x.isoformat()
    if isinstance(x, Decimal):
        return int(x) if x == x.to_integral_value() else float(x)
    return x


def _page(result: Result) -> bytes:
    title = escape(result.title or labels.word("file.table", result.lang))
    return (
        f'<!doctype html><html lang="{escape(result.lang)}"><head><meta charset="utf-8">'
        f"<title>{title}</title></head><body>{to_html(result)}</body></html>\n"
    ).encode()


def _xlsx(result: Result) -> bytes:
    # Loaded here: only a workbook needs the library behind it.
    from provexpo.output.xlsx import workbook

    return workbook([(result.receipt.metric, result)], lang=result.lang)


_WRITERS: dict[str, Callable[[Result], bytes]] = {
    "csv": lambda r: to_csv(r).encode("utf-8-sig"),
    "json": lambda r: to_json(r).encode(),
    "parquet": to_parquet,
    "xlsx": _xlsx,
    "html": _page,
}
