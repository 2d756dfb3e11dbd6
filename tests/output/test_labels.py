"""The table of words: whole in both languages, with the same fields to fill in."""

import csv
import re
from collections import Counter

import pytest

from provexpo.output import labels
from provexpo.resources import seed


def rows():
    with seed("labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_key_once_with_both_languages():
    assert [k for k, n in Counter(r["key"] for r in rows()).items() if n > 1] == []
    for row in rows():
        assert None not in row, row
        assert row["en"].strip() and row["zh"].strip(), row


def test_both_languages_fill_in_the_same_fields():
    def fields(text):
        return {name.lower() for name in re.findall(r"{(\w+)}", text)}

    assert [r["key"] for r in rows() if fields(r["en"]) != fields(r["zh"])] == []


def test_chinese_texts_are_chinese():
    plain = [r["key"] for r in rows() if not re.search(r"[\u4e00-\u9fff\uff00-\uffef{]", r["zh"])]
    assert plain == []


def test_statuses_of_methods_0_5_are_words_in_both_languages():
    for status in ("ok", "small_base", "new", "exit", "none", "negative", "missing"):
        for lang in ("en", "zh"):
            assert "_" not in labels.status(status, None, lang)
            assert f"status.{status}" in labels.words()


def test_reason_stands_beside_the_status():
    assert labels.status("missing", "uncovered") == "missing: months not covered"
    assert labels.status("missing", "uncovered", "zh") == "缺失：月份未覆盖"


def test_a_word_of_the_data_without_a_label_is_shown_as_it_is():
    assert labels.known("reason", "brand_new") == "brand_new"
    assert labels.column("brand_new") == "brand_new"


def test_a_missing_key_is_a_fault():
    with pytest.raises(KeyError):
        labels.word("page.not_there")


def test_every_column_of_a_result_has_a_heading():
    with seed("fields.csv").open(encoding="utf-8", newline="") as file:
        names = [r["name"] for r in csv.DictReader(file) if "results" in r["found_in"]]
    assert [n for n in names if f"col.{n}" not in labels.words()] == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_column_of_the_four_metrics_has_a_heading(lang):
    import provexpo as pe

    trade, window = pe.sample(), {"during": "2025-03", "lang": lang}
    results = [
        pe.value(trade, by=["province", "partner", "product:HS2", "month"], **window),
        pe.value(trade, by=["region", "section", "quarter"], **window),
        pe.balance(trade, by=["partner_group:continent", "sector", "year"], **window),
        pe.dependence(trade, partner="US", **window),
        pe.growth(trade, partner="US", **window),
    ]
    names = {c for r in results for c in r.frame.columns}
    assert [c for c in sorted(names) if f"col.{c}" not in labels.words()] == []
    heads = {labels.column(c, lang) for c in names}
    assert heads.isdisjoint(names)
