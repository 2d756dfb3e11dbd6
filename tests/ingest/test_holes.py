"""Cells without a value count as zero inside a scope, and figures that rest on them say so."""

from __future__ import annotations

from pathlib import Path

import provexpo as pe

HEAD = '"数据年月","贸易伙伴编码","贸易伙伴名称","商品编码","商品名称","美元",\n'


def test_a_missing_mark_is_a_caveat_of_the_figure(tmp_path: Path) -> None:
    rows = [("502", "1,000"), ("304", "?")]
    body = "".join(f'"202401","{p}","x","85171300","y","{v}",\n' for p, v in rows)
    (tmp_path / "a.csv").write_bytes((HEAD + body).encode("gb18030"))
    pe.add(tmp_path / "desk", tmp_path / "a.csv", flow="export")
    result = pe.value(pe.open(tmp_path / "desk"), by=[], during="2024-01")
    assert result.frame["value"].item() == 1000
    (caveat,) = [c for c in result.caveats if c.code == "holes"]
    assert caveat.text.startswith("1 cells of the files behind this")
