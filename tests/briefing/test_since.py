"""What changed since the last briefing in a folder."""

import json

import pytest

import provexpo as pe
from provexpo.briefing.brief import brief
from provexpo.briefing.since import RECORD
from provexpo.store.loading import load_rows

M = 1_000_000
MONTHS = [y * 100 + m for y in (2023, 2024, 2025) for m in range(1, 8)]


def rows_of(first_half=0):
    """Two provinces and two partners; `first_half` is added to Shanxi's US sales of June 2025."""
    out = []
    for period in MONTHS:
        for place, size in (("14", 3), ("44", 40)):
            for partner, weight in (("USA", 5), ("DEU", 8)):
                value = size * weight * M
                if (place, partner, period) == ("14", "USA", 202506):
                    value += first_half
                out.append(
                    {"province": place, "partner": partner, "period": period, "value": value}
                )
    return out


def quality(made, lang="en"):
    return next(s for s in made.sections[lang] if s.key == "quality")


CALL = {"formats": "csv", "sections": "headlines,quality"}


@pytest.fixture
def revised(make_store, plant_file):
    """A store at its first load, and the same after a revision of 2 million."""
    path = make_store(rows_of(), declared=("province", "partner"))
    before = pe.open(path)
    later = plant_file(
        rows_of(2 * M), declared=("province", "partner"), vintage=1_710_000_000, name="later"
    )
    load_rows(path, [later])
    return before, pe.open(path)


def test_the_first_one_has_nothing_to_compare(revised, tmp_path):
    made = brief(revised[0], during="2025-01/2025-06", out=tmp_path / "o", **CALL)
    assert quality(made).sentences == ("No earlier briefing is recorded in this folder.",)
    assert RECORD not in {f.name for f in made.files}
    record = json.loads((tmp_path / "o" / RECORD).read_text("utf-8"))
    assert record["previous"] is None
    assert record["current"]["provinces"] == {"14": 90 * M, "44": 1_200 * M}  # 6 months x 15, 200


def test_a_revision_is_named_with_both_figures(revised, tmp_path):
    before, after = revised
    brief(before, during="2025-01/2025-06", out=tmp_path / "o", **CALL)
    made = brief(after, during="2025-01/2025-06", lang="en,zh", out=tmp_path / "o", **CALL)
    first, second, third = quality(made).sentences
    assert "store load 1" in first and "Now: load 2" in first
    assert "gave the nation's exports to the US as USD 1.3bn; now it is USD 1.3bn" in second
    assert third == "The figure of one province was revised."
    (table, *_) = quality(made).tables
    assert [[c.text for c in r] for r in table.rows] == [["Shanxi", "90.0", "92.0", "+2.0"]]
    assert "1个省份的数字有修订" in quality(made, "zh").sentences[2]


def test_a_later_window_asks_again_for_the_former_one(revised, tmp_path):
    before, after = revised
    brief(before, during="2025-01/2025-06", out=tmp_path / "o", **CALL)
    made = brief(after, during="2025-01/2025-07", out=tmp_path / "o", **CALL)
    said = " ".join(quality(made).sentences)
    assert "window Jan–Jun 2025" in said and "window Jan–Jul 2025" in said
    assert [r[0].text for r in quality(made).tables[0].rows] == ["Shanxi"]


def test_written_again_it_compares_with_the_same_one(revised, tmp_path):
    before, after = revised
    brief(before, during="2025-01/2025-06", out=tmp_path / "o", **CALL)
    one = brief(after, during="2025-01/2025-06", out=tmp_path / "o", **CALL)
    record = (tmp_path / "o" / RECORD).read_bytes()
    two = brief(after, during="2025-01/2025-06", out=tmp_path / "o", **CALL)
    assert quality(one).sentences == quality(two).sentences
    assert (tmp_path / "o" / RECORD).read_bytes() == record


def test_another_subject_or_a_broken_record_is_not_compared(revised, tmp_path):
    before, _ = revised
    call = {"during": "2025-01/2025-06", "out": tmp_path / "o", **CALL}
    brief(before, **call)
    other = brief(before, partner="Germany", **call)
    assert "about something else" in quality(other).sentences[0]
    held = json.loads((tmp_path / "o" / RECORD).read_text("utf-8"))
    wrong = [
        {**held["current"], **change}
        for change in ({"window": "x"}, {"load": "1"}, {"provinces": {"14": "x"}}, {"nation": 3})
    ]
    broken = [json.dumps({"current": w, "previous": None}) for w in (*wrong, 3)]
    for text in ("{", "[]", '{"current": {}}', *broken):
        (tmp_path / "o" / RECORD).write_text(text)
        again = brief(before, **call)
        assert "cannot be read" in quality(again).sentences[0]


def test_nothing_is_recorded_when_nothing_is_saved(revised, tmp_path):
    brief(revised[0], during="2025-01/2025-06", out=tmp_path / "o", save=False)
    assert not (tmp_path / "o").exists()
