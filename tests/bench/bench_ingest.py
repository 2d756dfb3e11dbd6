"""Time reading customs files against a bare polars read of the decoded text, interleaved.

python tests/bench/bench_ingest.py [ROWS] [ROUNDS]
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from timing import interleaved

from provexpo import vocab
from provexpo.ingest import Options, read_files

HEAD = (
    '"数据年月","商品编码","商品名称","贸易伙伴编码","贸易伙伴名称","贸易方式编码","贸易方式名称",'
    '"注册地编码","注册地名称","第一数量","第一计量单位","第二数量","第二计量单位","美元",\n'
)


def download(rows: int) -> bytes:
    """A query download of all four dimensions, as the site writes it."""
    rng = np.random.Generator(np.random.PCG64(11))
    partners = vocab.partner_codes("CHN").filter(pl.col("valid_to").is_null())
    codes = partners["partner_code"].to_list()
    provinces, regimes = vocab.province_codes(), sorted(vocab.regime_codes())
    keys = rng.permutation(12 * len(codes) * len(regimes) * 31)[:rows]
    lines = [HEAD]
    for key in np.sort(keys).tolist():
        key, province = divmod(key, 31)
        key, regime = divmod(key, len(regimes))
        month, partner = divmod(key, len(codes))
        value = f"{int(rng.lognormal(11, 2)) + 1:,}"
        lines.append(
            f'"2024{month + 1:02d}","85171300","智能手机","{codes[partner]}","某国",'
            f'"{regimes[regime]}","一般贸易","{provinces[province]}","某省","1234","台","0","?","{value}",\n'
        )
    return "".join(lines).encode("gb18030")


def main(rows: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "download.csv"
        path.write_bytes(download(rows))
        raw = path.read_bytes()
        text = raw.decode("gb18030").encode("utf-8")
        options = Options(flow="export", vintage="2025-01-20")

        def bare() -> object:
            return pl.read_csv(io.BytesIO(text), infer_schema=False)

        def decoded() -> object:
            utf8 = path.read_bytes().decode("gb18030").encode("utf-8")
            return pl.read_csv(io.BytesIO(utf8), infer_schema=False)

        contenders: dict[str, Callable[[], object]] = {
            "bare polars read": bare,
            "decode + polars": decoded,
            "read_files": lambda: read_files([path], options),
        }
        times = interleaved(contenders, rounds)
        best = times["bare polars read"]
        print(f"{rows:,} rows, {len(raw) / 1e6:.1f} MB; minimum of {rounds} interleaved rounds")
        for name, low in times.items():
            print(
                f"  {name:<18} {low * 1000:8.1f} ms  {rows / low / 1e6:5.2f} M rows/s"
                f"  {low / best:5.2f} x"
            )


if __name__ == "__main__":
    arguments = [int(a) for a in sys.argv[1:]]
    main(*(arguments + [200_000, 7][len(arguments) :]))
