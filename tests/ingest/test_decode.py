"""Bytes to text: the encodings that occur, and each kind of file that is none."""

from __future__ import annotations

import pytest

from provexpo.errors import DecodeError
from provexpo.ingest.decode import decode

TEXT = '"数据年月","美元",\n"202501","1,234",\n'


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TEXT.encode("gb18030"), "gb18030"),
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
    ],
)
def test_each_encoding_that_occurs(data: bytes, name: str) -> None:
    decoded = decode(data, "a.csv")
    assert (decoded.text, decoded.encoding) == (TEXT, name)


def test_four_byte_characters_of_gb18030() -> None:
    """GBK has no such characters: GB18030 writes them in four bytes."""
    text = "名称,美元\n㐁𠀋,1\n"
    assert decode(text.encode("gb18030"), "a.csv").text == text


@pytest.mark.parametrize("unit", ["台", "桶", "双"])
def test_chinese_units_that_are_valid_utf8_by_accident(unit: str) -> None:
    text = f"Quantity,Unit,US dollar\n1,{unit},5\n"
    assert unit.encode("gb18030").decode("utf-8") != unit  # it does decode, as something else
    assert decode(text.encode("gb18030"), "a.csv").text == text


@pytest.mark.parametrize("names", ["Türkiye", "Côte d'Ivoire, Réunion, Curaçao", "Россия Китай"])
def test_other_alphabets_stay_utf8(names: str) -> None:
    text = f"partner,value\n{names},5\n"
    assert decode(text.encode(), "a.csv").text == text


@pytest.mark.parametrize("data", [b"", b"  \n\n", b"\r\n"])
def test_empty_file(data: bytes) -> None:
    with pytest.raises(DecodeError, match=r"the file is empty\n  where: a\.csv"):
        decode(data, "a.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
@pytest.mark.parametrize(
    "page", ["<!DOCTYPE html><html><p>请输入验证码</p>", "\n <html lang='zh'><p>验证码</p></html>"]
)
def test_page_saved_as_csv(page: str, encoding: str) -> None:
    with pytest.raises(DecodeError, match="HTML page") as err:
        decode(page.encode(encoding), "a.csv")
    assert "download the file again" in (err.value.do or "")


@pytest.mark.parametrize(
    ("magic", "what"),
    [
        (b"PK\x03\x04rest", "Excel workbook or ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel"),
        (b"PAR1rest", "Parquet"),
    ],
)
def test_other_kinds_of_file(magic: bytes, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        decode(magic, "a.csv")


def test_nul_byte_names_its_line() -> None:
    with pytest.raises(DecodeError, match=r"NUL byte\n  where: a\.csv, line 3"):
        decode(b"a,b\n1,2\n3,\x004\n", "a.csv")


def test_replacement_character_names_its_line() -> None:
    with pytest.raises(DecodeError, match=r"replacement character.*\n  where: a\.csv, line 2"):
        decode("a,b\n\ufffd,2\n".encode(), "a.csv")


def test_undecodable_byte_names_offset_and_line() -> None:
    """0xFF opens no character of UTF-8 or GB18030."""
    data = "数据年月,美元\n".encode("gb18030") + b"2025\xff01,1\n"
    offset = data.index(b"\xff")
    with pytest.raises(
        DecodeError, match=rf"byte ff at offset {offset} .*\n  where: a\.csv, line 2"
    ):
        decode(data, "a.csv")


def test_broken_bom_file() -> None:
    with pytest.raises(DecodeError, match="read as utf-8-sig"):
        decode(b"\xef\xbb\xbfa,b\n\xff,1\n", "a.csv")
