"""Files and folders to checked rows: the one way into the ingest room."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from provexpo.errors import CallError, DecodeError, LayoutError, ProvexpoError
from provexpo.ingest.corrections import Correction, apply_correction, never_met, note_of
from provexpo.ingest.covers import read_covers
from provexpo.ingest.decode import decode
from provexpo.ingest.duplicates import without_duplicates
from provexpo.ingest.layouts import choose_layout, comtrade
from provexpo.ingest.layouts.parsed import ROW, Parsed
from provexpo.ingest.layouts.side import side_layout
from provexpo.ingest.manifest import CSV, TOML, Manifest, find_manifest
from provexpo.ingest.options import Options, Settings
from provexpo.ingest.packed import JSON, ending_of, json_table, unpacked
from provexpo.ingest.pairs import compare_pairs
from provexpo.ingest.rows import ROW_SCHEMA, FileRows
from provexpo.ingest.scopes import FileFacts, make_scopes
from provexpo.ingest.settings import check_options, read_vintage, settings_for, vintage_text
from provexpo.ingest.side import SideRows
from provexpo.ingest.table import Table, parse_table
from provexpo.ingest.workbook import ENDING as WORKBOOK
from provexpo.ingest.workbook import read_workbook, workbook_header
from provexpo.periods import month_text, parse_window

ENDINGS = (".csv", ".txt", ".tsv", ".json", ".parquet")
OTHERS = (".xlsx", ".xls", ".zip", ".tar", ".html", ".htm")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class ReadResult:
    """The files read, those that could not be (with the error), and warnings between files."""

    files: tuple[FileRows, ...]
    bad: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    side: tuple[SideRows, ...] = ()  # files of the side tables: tariffs, gdp, fx


def sha256_of(path: str | Path) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_files(paths: Sequence[str | Path]) -> list[Path]:
    """The data files that the paths name: files as they are, folders with all below them.

    Hidden files and the manifests are left out. Raises CallError for a path that does not exist
    and when nothing is found.
    """
    return [path for path, _ in _find(paths)]


def _find(paths: Sequence[str | Path]) -> list[tuple[Path, Path]]:
    """Each file with the folder it was found under, whose manifest holds for it too."""
    found: dict[Path, Path] = {}
    absent = [str(p) for p in paths if not Path(p).exists()]
    if absent:
        raise CallError(
            f"no such file or folder: {', '.join(absent)}",
            where="the paths to add",
            expected="files or folders",
            do="check the spelling; names with spaces need quotes in a shell",
        )
    for path in map(Path, paths):
        for file in _below(path) if path.is_dir() else [path]:
            if file.name not in (TOML, CSV):
                found.setdefault(file, path if path.is_dir() else file.parent)
    if not found:
        raise CallError(
            "no data files found",
            where=", ".join(map(str, paths)) or "the paths to add",
            expected=f"files ending in {', '.join(ENDINGS)}",
            do="; ".join(_not_read(paths)) or "name the folder of the downloads",
        )
    return list(found.items())


def _below(folder: Path) -> list[Path]:
    """The data files of a folder: those read by their ending, and workbooks read by their header.
    A folder often holds workbooks of its owner's, too."""
    files = (p for p in folder.rglob("*") if p.is_file() and not _is_hidden(p, folder))
    return sorted(p for p in files if ending_of(p) in ENDINGS or _is_known_workbook(p))


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)


def _is_known_workbook(path: Path) -> bool:
    return path.suffix.lower() == WORKBOOK and comtrade.matches(workbook_header(path))


def read_files(
    paths: Sequence[str | Path],
    options: Options | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> ReadResult:
    """Read and check files; nothing is written.

    Parameters
    ----------
    paths : sequence of str or Path
        Files and folders.
    options : Options, optional
        What the caller states for all of them; a manifest beside the files adds to it.
    skip_bad : bool
        Files that fail go to `bad` with their error, and the others are read.
    progress : callable, optional
        Called after each file with (files done, files in all, path).

    Returns
    -------
    ReadResult

    Raises
    ------
    ProvexpoError
        Of the class of the first bad file's error, which is given in full; the other bad files
        follow with one line each. A manifest that cannot be read is an error in any case.
    """
    options = options or Options()
    check_options(options)
    covers = read_covers(options.covers)
    period = None if options.period is None else parse_window(options.period)
    desk = _Corrections()
    files: list[FileRows] = []
    side: list[SideRows] = []
    bad: list[tuple[str, ProvexpoError]] = []
    found = _find(paths)
    places = {(path.parent, root) for path, root in found}
    manifests = {place: find_manifest(_folders(*place)) for place in places}
    for done, (path, root) in enumerate(found, 1):
        manifest = manifests[path.parent, root]
        try:
            settings = settings_for(path, manifest.entry(path), options, covers, period)
            one = _read_file(path, settings, manifest, desk)
            if isinstance(one, SideRows):
                side.append(one)
            else:
                files.append(one)
        except ProvexpoError as err:
            bad.append((str(path), err))
        if progress is not None:
            progress(done, len(found), str(path))
    if bad and not skip_bad:
        raise _joined(bad, len(found))
    if not bad:
        desk.check()
    texts = tuple((path, str(err)) for path, err in bad)
    idle = _idle_entries(manifests.values(), [path for path, _ in found])
    warnings = (*_not_read(paths), *idle, *_twins([*files, *side]), *compare_pairs(files))
    return ReadResult(tuple(files), texts, warnings, tuple(side))


def _folders(own: Path, root: Path) -> Iterator[Path]:
    """A file's own folder, then those above it up to the folder that the caller named."""
    for folder in (own, *own.parents):
        yield folder
        if folder == root:
            return


class _Corrections:
    """Remembers which corrections met rows: one that meets none in any file is an error."""

    def __init__(self) -> None:
        self.met: dict[str, tuple[Correction, int]] = {}

    def apply(self, parsed: Parsed, path: Path, manifest: Manifest, reporter: str) -> Parsed:
        levels = {grain.id: grain.product_level for grain in parsed.grains}
        rows, notes = parsed.rows, list(parsed.notes)
        for correction in manifest.corrections:
            if not correction.concerns(path.name):
                continue
            rows, count = apply_correction(correction, rows, levels, reporter)
            before = self.met.get(correction.where, (correction, 0))[1]
            self.met[correction.where] = (correction, before + count)
            if count:
                notes.append(note_of(correction, count))
        return replace(parsed, rows=rows, notes=tuple(notes))

    def check(self) -> None:
        for correction, count in self.met.values():
            if not count:
                raise never_met(correction)


def _read_file(
    path: Path, settings: Settings, manifest: Manifest, desk: _Corrections
) -> FileRows | SideRows:
    try:
        data = path.read_bytes()
        vintage = int(path.stat().st_mtime)
    except OSError as err:
        raise DecodeError(
            f"the file cannot be read: {err.strerror or err}",
            where=str(path),
            expected="a file that can be opened",
            do="check its permissions",
        ) from err
    if settings.vintage is not None:
        vintage = read_vintage(settings.vintage, f"{path}, vintage")
    table = _table(path, data)
    if (side := side_layout(table, settings)) is not None:
        return replace(
            side(table, settings),
            sha256=hashlib.sha256(data).hexdigest(),
            vintage=vintage,
            vintage_source="file time" if settings.vintage is None else "stated",
            encoding=table.encoding,
        )
    layout = choose_layout(table, settings)
    parsed = layout.read(table, settings)
    before = parsed.rows.height
    parsed = desk.apply(parsed, path, manifest, parsed.grains[0].reporter)
    holes = parsed.left_out.get("no value", 0) + before - parsed.rows.height
    rows, duplicates = without_duplicates(parsed.rows, table)
    facts = FileFacts(str(path), hashlib.sha256(data).hexdigest(), vintage, holes)
    rows = rows.drop(ROW).with_columns(pl.lit(vintage, dtype=pl.Int64).alias("vintage"))
    return FileRows(
        path=facts.path,
        sha256=facts.sha256,
        layout=layout.NAME,
        encoding=table.encoding,
        vintage=vintage,
        vintage_source="file time" if settings.vintage is None else "stated",
        rows=rows.select(list(ROW_SCHEMA)),
        scopes=make_scopes(replace(parsed, rows=rows), settings, facts),
        data_rows=parsed.data_rows,
        duplicates=duplicates,
        left_out=parsed.left_out,
        warnings=(*parsed.warnings, *_odd_vintage(vintage, rows)),
        notes=parsed.notes,
    )


def _table(path: Path, data: bytes) -> Table:
    if path.suffix.lower() == WORKBOOK:
        return read_workbook(data, str(path))
    data, ending = unpacked(data, path), ending_of(path)
    if ending != ".parquet":
        decoded = decode(data, str(path))
        if ending == JSON:
            return json_table(decoded.text, str(path), decoded.encoding)
        return parse_table(decoded.text, str(path), decoded.encoding)
    try:
        frame = pl.read_parquet(data)
    except (pl.exceptions.PolarsError, OSError) as err:
        raise LayoutError(
            f"the file is not Parquet: {str(err).splitlines()[0]}",
            where=str(path),
            expected="a Parquet file",
            do="write the file again, or give it the ending of what it is",
        ) from err
    header = tuple(frame.columns)
    return Table(
        str(path),
        "parquet",
        header,
        frame.rename(dict(zip(header, _plain_names(len(header)), strict=True))),
    )


def _plain_names(count: int) -> list[str]:
    return [f"c{i}" for i in range(count)]


def _not_read(paths: Sequence[str | Path]) -> list[str]:
    """Files that look like data and are of a kind that is not read."""
    folders = [Path(p) for p in paths if Path(p).is_dir()]
    files = (p for f in folders for p in f.rglob("*") if ending_of(p) in OTHERS)
    names = sorted(p.name for p in files if not _is_known_workbook(p))
    if not names:
        return []
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return [f"not read, save them as CSV: {', '.join(names[:5])}{more}"]


def _idle_entries(manifests: Iterable[Manifest], read: Sequence[Path]) -> list[str]:
    """Entries that are no file's entry, here or elsewhere in the manifest's folder: most likely a
    misspelt name, whose vintage, covers or corrections would be missed without a word."""
    warnings = []
    for path, manifest in {m.path: m for m in manifests}.items():
        used = {id(manifest.entry(file)) for file in read}
        if path is None or all(id(entry) in used for entry in manifest.entries):
            continue
        used |= {id(manifest.entry(file)) for file in _below(path.parent)}
        warnings += [
            f"{e.where}: match = {e.match!r} is the entry of no file"
            for e in manifest.entries
            if id(e) not in used
        ]
    return warnings


def _odd_vintage(vintage: int, rows: pl.DataFrame) -> tuple[str, ...]:
    """The newest vintage wins, so a wrong one hides every revision for as long."""
    if rows.is_empty():
        return ()
    text, last = vintage_text(vintage), int(rows.select(pl.col("period").max()).item())
    if vintage > time.time() + 86_400:
        return (f"vintage {text} lies in the future: no revision before then will count",)
    if int(text[:4]) * 100 + int(text[5:7]) < last:
        return (f"vintage {text} is older than the newest month of the file, {month_text(last)}",)
    return ()


def _twins(files: Sequence[FileRows | SideRows]) -> list[str]:
    first: dict[str, str] = {}
    return [
        f"{file.path} has the same content as {first[file.sha256]}"
        for file in files
        if first.setdefault(file.sha256, file.path) != file.path
    ]


def _joined(bad: Sequence[tuple[str, ProvexpoError]], total: int) -> ProvexpoError:
    """One error for all bad files: the first in full, the others a line each."""
    if len(bad) == 1:
        return bad[0][1]
    first = bad[0][1]
    others = "".join(f"\n  {path}: {err.what}" for path, err in bad[1:])
    return type(first)(
        first.what,
        where=first.where,
        expected=first.expected,
        do=f"{first.do or ''}\n{len(bad)} of {total} files are bad; also:{others}",
    )
