"""Bytes to text, strictly: a fixed order of encodings and no replacement character, ever."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from provexpo.errors import DecodeError

_BINARY = (
    (b"PK\x03\x04", "an Excel workbook or ZIP archive"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet file"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_AGAIN = "download the file again from the customs site"


@dataclass(frozen=True)
class Decoded:
    text: str
    encoding: str


def decode(data: bytes, path: str) -> Decoded:
    """Decode the bytes of one file.

    The order is fixed: a byte order mark decides (UTF-8, UTF-16); else UTF-8; else GB18030.
    Raises DecodeError for an empty file, another kind of file, an HTML page, a NUL byte, bytes
    that fit no encoding, and a replacement character.
    """
    if not data.strip():
        raise DecodeError(
            "the file is empty", where=path, expected="a CSV file with a header", do=_AGAIN
        )
    for magic, what in _BINARY:
        if data.startswith(magic):
            raise DecodeError(
                f"the file is {what}, not text",
                where=path,
                expected="a CSV file",
                do="save it as CSV (UTF-8), or name it .parquet or .xlsx where it is that",
            )
    decoded = _by_trial(data, path)
    _refuse_page(decoded.text, path)
    if b"\x00" in data:  # in UTF-16 half of all bytes are: only the text can tell
        _refuse_character(decoded.text, "\x00", "a NUL byte", path)
    _refuse_character(decoded.text, "\ufffd", "a replacement character (U+FFFD)", path)
    return decoded


def _by_trial(data: bytes, path: str) -> Decoded:
    for bom, name in _BOMS:
        if data.startswith(bom):
            try:
                return Decoded(data.decode(name), name)
            except UnicodeDecodeError as err:
                raise _undecodable(data, err.start, path, name) from err
    failures: list[UnicodeDecodeError] = []
    order = ("gb18030", "utf-8") if _utf8_by_accident(data) else ("utf-8", "gb18030")
    for name in order:
        try:
            return Decoded(data.decode(name), name)
        except UnicodeDecodeError as err:
            failures.append(err)
    # The encoding that read further is the one the file was meant to be in.
    furthest = max(failures, key=lambda err: err.start)
    raise _undecodable(data, furthest.start, path, furthest.encoding) from furthest


def _utf8_by_accident(data: bytes) -> bool:
    """True where two-byte Chinese characters happen to be valid UTF-8 too, as in 台 and 桶.

    An English download may hold no other character than such a unit. Read as UTF-8 it would be a
    letter outside the Latin alphabet, and the only one or two of the file: real text in another
    alphabet has more of them, and Chinese in UTF-8 has three bytes.
    """
    if data.isascii() or re.search(rb"[\xe0-\xf4]", data):
        return False
    pairs = set(re.findall(rb"[\xc2-\xdf][\x80-\xbf]", data))
    beyond_latin = [p for p in pairs if ord(p.decode()) > 0x24F]
    return bool(beyond_latin) and len(pairs) <= 3


def _undecodable(data: bytes, offset: int, path: str, encoding: str) -> DecodeError:
    line = data.count(b"\n", 0, offset) + 1
    return DecodeError(
        f"byte {data[offset : offset + 1].hex()} at offset {offset} fits no known encoding"
        f" (read as {encoding} up to there)",
        where=f"{path}, line {line}",
        expected="GB18030, UTF-8, or UTF-16 with a byte order mark",
        do=f"{_AGAIN}, or save it again as UTF-8",
    )


def _refuse_page(text: str, path: str) -> None:
    start = text[:2000].lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype", "<html", "<head", "<script", "<body", "<?xml", "<!--")):
        raise DecodeError(
            "the file is an HTML page, not a CSV file",
            where=f"{path}, line 1",
            expected="a CSV file; the site answers with a page when its check was not passed",
            do=_AGAIN,
        )


def _refuse_character(text: str, character: str, what: str, path: str) -> None:
    at = text.find(character)
    if at < 0:
        return
    line = text.count("\n", 0, at) + 1
    raise DecodeError(
        f"the text holds {what}",
        where=f"{path}, line {line}",
        expected="text without it: the file was damaged or saved in a wrong encoding",
        do=_AGAIN,
    )
