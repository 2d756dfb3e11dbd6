"""Write docs/fields.md from the field dictionary (seeds/fields.csv).

python scripts/make_fields_doc.py
"""

from __future__ import annotations

from pathlib import Path

from provexpo.vocab.fields import UNITS
from provexpo.vocab.tables import read

PAGE = Path(__file__).resolve().parent.parent / "docs" / "fields.md"

HEAD = """# Fields

Every column of the tables and of the Results: one quantity, one name, one unit. This page is made
from `seeds/fields.csv` by `python scripts/make_fields_doc.py`; in Python it is `pe.fields()`.
"""

PARTS = {
    "tables": "## Tables (`flows`, `history`, `loads`)",
    "results": "## Results",
}


def page() -> str:
    lines = [HEAD, "## Units", "", "| unit | what it is |", "|---|---|"]
    lines += [f"| {unit} | {meaning} |" for unit, meaning in UNITS.items()]
    for part, title in PARTS.items():
        lines += ["", title, "", "| name | type | unit | NULL when | meaning |"]
        lines += ["|---|---|---|---|---|"]
        lines += [
            f"| `{f['name']}` | {f['dtype']} | {f['unit']} | {f['null_rule']} | {f['meaning']} |"
            for f in read("fields").to_dicts()
            if part in f["found_in"].split(";")
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
