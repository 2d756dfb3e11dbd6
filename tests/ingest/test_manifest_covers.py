"""Manifests and covers: what is said once about files, and what contradicts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provexpo.errors import CallError, CoverageError, ManifestError, PeriodError
from provexpo.ingest import FileRows, Options, read_files
from provexpo.ingest.covers import read_covers

MakeFile = Callable[..., Path]
HEADER = ("数据年月", "商品编码", "贸易伙伴编码", "美元")
ROWS = [["202401", "12011000", "502", "5"], ["202402", "12019019", "410", "7"]]


@pytest.fixture
def soy(query_file: MakeFile) -> Path:
    return query_file(ROWS, header=HEADER, name="soy.csv")


def read_one(path: Path, options: Options | None = None) -> FileRows:
    (file,) = read_files([path], options).files
    return file


def test_toml_manifest(soy: Path, write: MakeFile) -> None:
    write("provexpo.toml", """
[[files]]
match = "so*.csv"
flow = "import"
vintage = 2025-02-18
covers = { partners = [402, 410, 502], products = "1201", months = "2024" }
[[files]]
match = "*"
flow = "export"
""", "utf-8")  # fmt: skip
    file = read_one(soy)
    scope = file.scopes[0]
    assert set(file.rows["flow"]) == {"import"}  # the first match wins
    assert (file.vintage, file.vintage_source) == (1_739_836_800, "stated")
    assert scope.partner.codes == ("ARG", "BRA", "USA")
    assert (scope.product.kind, scope.product.codes) == ("declared_list", ("1201",))
    assert (scope.months_declared, len(scope.spans)) == (True, 12)


def test_csv_manifest(soy: Path, write: MakeFile) -> None:
    write(
        "provexpo.csv",
        "file,flow,vintage,covers\nsoy.csv,import,2025-02-18T08:30:00,partners=all\n",
        "utf-8",
    )
    file = read_one(soy)
    assert set(file.rows["flow"]) == {"import"}
    assert file.vintage == 1_739_836_800 + 8 * 3600 + 30 * 60
    assert file.scopes[0].partner.kind == "declared"


def test_manifest_of_the_folder_given_holds_below(
    query_file: MakeFile, write: MakeFile, tmp_path: Path
) -> None:
    query_file(ROWS, header=HEADER, name="2024/下载 (1).csv")
    query_file(ROWS, header=HEADER, name="in/a.csv")
    write(
        "provexpo.toml",
        '[[files]]\nmatch = "in/*"\nflow = "import"\n[[files]]\nmatch = "*"\nflow = "export"\n',
        "utf-8",
    )
    found = {Path(f.path).name: set(f.rows["flow"]) for f in read_files([tmp_path]).files}
    assert found == {"下载 (1).csv": {"export"}, "a.csv": {"import"}}


def test_statements_that_agree_and_contradict(soy: Path, write: MakeFile) -> None:
    write(
        "provexpo.toml",
        '[[files]]\nmatch = "*"\nflow = "import"\nvintage = "2025-01-01"\n',
        "utf-8",
    )
    assert read_one(soy, Options(flow="import")).vintage_source == "stated"
    with pytest.raises(ManifestError, match="the call says flow export, the manifest says import"):
        read_one(soy, Options(flow="export"))
    with pytest.raises(ManifestError, match="the call says vintage 2025-02-01"):
        read_one(soy, Options(vintage="2025-02-01"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[files]]\nmatch = '*'\nflwo = 'export'\n",
         r"unknown key 'flwo'(.|\n)*line 3(.|\n)*did you mean 'flow'"),
        ("[[file]]\nmatch = '*'\n", r"unknown key 'file'(.|\n)*did you mean 'files'"),
        ("[[files]]\nmatch = '*'\nflow = 'out'\n", r"flow 'out'\n(.|\n)*line 3"),
        ("[[files]]\nflow = 'export'\n", "entry 1 has no match"),
        ("[[files]]\nmatch = '*'\nlayout = 'gacc'\n", "layout 'gacc'"),
        ("[[files]]\nmatch = '*'\nunit = 0\n", "unit 0"),
        ("[[files]]\nmatch = '*'\ncurrency = 'yuan'\n", "currency 'yuan'"),
        ("[[files]]\nmatch = '*'\n[files.columns]\nvalue = 'v'\nplace = 'p'\n",
         "unknown key 'place' in columns"),
        ("[[files]]\nmatch = '*'\n[files.columns]\nperiod = 'p'\n", "name its value columns once"),
        ("[[files]\n", "the manifest is not TOML"),
    ],
)  # fmt: skip
def test_manifest_errors(soy: Path, write: MakeFile, text: str, message: str) -> None:
    write("provexpo.toml", text, "utf-8")
    with pytest.raises(ManifestError, match=message):
        read_files([soy], skip_bad=True)  # a manifest that cannot be read is never skipped


def test_keys_of_a_tidy_file_are_not_ignored(soy: Path, write: MakeFile) -> None:
    write("provexpo.toml", "[[files]]\nmatch = '*'\nflow = 'import'\ncurrency = 'CNY'\n", "utf-8")
    with pytest.raises(ManifestError, match="keys of a tidy file for a file of layout query"):
        read_one(soy)


def test_two_manifests(soy: Path, write: MakeFile) -> None:
    write("provexpo.toml", "", "utf-8")
    write("provexpo.csv", "file,flow\n", "utf-8")
    with pytest.raises(ManifestError, match="two manifests"):
        read_one(soy)


def test_undeclared_scope(soy: Path) -> None:
    """Months and products are those found, partners are assumed whole, other dimensions absent."""
    scope = read_one(soy, Options(flow="import")).scopes[0]
    assert (scope.spans, scope.months_declared) == (((202401, 1), (202402, 1)), False)
    assert (scope.product.kind, scope.product.codes) == ("listed", ("12011000", "12019019"))
    assert (scope.partner.kind, scope.province.kind, scope.regime.kind) == (
        "assumed",
        "absent",
        "absent",
    )


def test_declared_all(soy: Path) -> None:
    scope = read_one(
        soy, Options(flow="import", covers="partner=all; products=all; provinces=all")
    ).scopes[0]
    assert (scope.partner.kind, scope.product.kind, scope.province.kind) == (
        "declared",
        "declared",
        "absent",
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.toml", "partners = [410, 502]\nmonths = '2024-01/2024-06'\n"),
        ("c.csv", 'dimension,codes\npartners,"410,502"\nmonths,2024-01/2024-06\n'),
    ],
)
def test_covers_files(soy: Path, write: MakeFile, name: str, text: str) -> None:
    covers = write(f"said/{name}", text, "utf-8")
    scope = read_one(soy, Options(flow="import", covers=covers)).scopes[0]
    assert scope.partner.codes == ("BRA", "USA")
    assert scope.spans == tuple((202400 + m, 1) for m in range(1, 7))
    assert read_one(soy, Options(flow="import", covers=str(covers))).scopes[0] == scope


def test_names_and_groups_in_covers() -> None:
    assert read_covers("countries=US,Brazil").codes("partner", "CHN") == ("BRA", "USA")


@pytest.mark.parametrize(
    ("covers", "message"),
    [
        ("partners=402,410", "holds partner USA, which covers does not list"),
        ("products=120190", "holds product 12011000"),
        ("months=2024-02", "holds 2024-01, which the declared months do not"),
    ],
)
def test_rows_outside_what_is_declared(soy: Path, covers: str, message: str) -> None:
    with pytest.raises(CoverageError, match=message):
        read_one(soy, Options(flow="import", covers=covers))


@pytest.mark.parametrize(
    ("covers", "message"),
    [
        ("partner 402", "cannot read 'partner 402'"),
        ("partnres=402", "did you mean partners"),
        ("partners=", "without a value"),
        ("partners=402; partner=502", "twice"),
        ("months=all", "cannot read the window 'all'"),
        ("partners=not 502", "says what is not covered"),
        ("missing.toml", "cannot be read"),
    ],
)
def test_covers_that_cannot_be_read(soy: Path, covers: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_one(soy, Options(flow="import", covers=covers))


def test_covers_of_call_and_manifest_are_joined(soy: Path, write: MakeFile) -> None:
    write(
        "provexpo.toml",
        "[[files]]\nmatch = '*'\nflow = 'import'\ncovers = { partners = 'all' }\n",
        "utf-8",
    )
    scope = read_one(soy, Options(covers="months=2024")).scopes[0]
    assert (scope.partner.kind, len(scope.spans)) == ("declared", 12)
    with pytest.raises(ManifestError, match="differ in partner"):
        read_one(soy, Options(covers="partners=410,502"))


def test_options_that_do_not_exist(soy: Path) -> None:
    with pytest.raises(CallError, match="unknown flow 'out'"):
        read_one(soy, Options(flow="out"))
    with pytest.raises(ManifestError, match=r"cannot read the vintage '18\.2\.2025'"):
        read_one(soy, Options(flow="export", vintage="18.2.2025"))
    with pytest.raises(PeriodError):
        read_one(soy, Options(flow="export", period="last year"))


def test_all_and_codes_at_once_contradict(soy: Path) -> None:
    with pytest.raises(ManifestError, match="says all and also names codes"):
        read_one(soy, Options(flow="import", covers="partners=all,502"))


def test_a_chinese_semicolon_divides_covers_too() -> None:
    assert read_covers("partners=402，410；products=1201") == read_covers(
        "partners=402,410; products=1201"
    )
