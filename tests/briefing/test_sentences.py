"""The three sentences on a planted trade; every figure in them follows from conftest by hand."""

import re

import pytest

from provexpo.briefing.figures import Ask, evidence_of, gather
from provexpo.briefing.sentences import headlines
from provexpo.periods import Window

M = 1_000_000
WINDOW, BASE = Window(202501, 202507), Window(202401, 202407)


def say(trade, lang="en", flow="export", partner="US"):
    ask = Ask(partner, WINDOW, BASE, flow, "CHN", lang)
    return headlines(gather(trade, ask, evidence_of(trade, lang), lambda step: None))


def test_who_depends_most_with_its_base_and_basis(trade):
    first = say(trade)[0]
    assert first.startswith(
        "By registered place of the trader, Shanxi depends most on the US: 25.0%"
    )
    assert "in Jan–Jul 2025 (40.0% in Jan–Jul 2024)" in first


def test_a_small_amount_never_leads_and_is_said(trade):
    # Tibet: 30 of 100 million is 30 %, but below 100 million x 7/12.
    assert "Tibet stands higher, with 30.0%, but on a small base (USD 30.0m)." in say(trade)[0]


def test_missing_provinces_are_named(trade):
    assert "No figure for 1 of 31 provinces (Qinghai)." in say(trade)[0]
    assert "31个省份中有1个无数据（青海）" in say(trade, "zh")[0]


def test_largest_loss_and_its_total(trade):
    third = say(trade)[2]
    # 13,000 - 16,000 million; 13/16 - 1 = -18.75 %; 99,960 / 98,000 - 1 = 2 %.
    assert "Guangdong lost the most between Jan–Jul 2024 and Jan–Jul 2025: USD −3.0bn" in third
    assert "(−18.8%). Its total exports rose 2.0%." in third
    assert "广东减少最多：−30.0亿美元（−18.8%）。同期其出口总额增长2.0%" in say(trade, "zh")[2]


@pytest.fixture
def two(make_trade):
    """Two provinces: 14 and 44, with the amounts given."""
    return lambda a, b: make_trade(cells={"14": a, "44": b})


def test_national_change_and_count(two):
    second = say(two((90 * M, 1_000 * M, 120 * M, 1_000 * M), (70 * M, 900 * M, 80 * M, 900 * M)))[
        1
    ]
    # 160 against 200 million.
    assert "exports to the US fell 20.0%, from USD 200.0m in Jan–Jul 2024 to USD 160.0m" in second
    assert "in current USD" in second
    assert "Of 2 provinces with figures for both windows, 2 saw a fall." in second


@pytest.mark.parametrize(
    ("now", "base", "text"),
    [
        (
            680 * M,
            10 * M,
            "came to 68 times the base (from USD 10.0m in Jan–Jul 2024 to USD 680.0m)",
        ),
        (250 * M, 10 * M, "came to 25 times the base (from USD 10.0m"),
        (99 * M, 10 * M, "rose 890.0%, from USD 10.0m"),  # ratio 9.9: below ten
        (100 * M, 10 * M, "came to 10 times the base"),
        (50 * M, 0, "came to USD 50.0m, from none in Jan–Jul 2024"),
        (0, 50 * M, "had no exports to the US, after USD 50.0m"),
        (50 * M, 50 * M, "unchanged from Jan–Jul 2024"),
        (50 * M, None, "there is no comparable figure for Jan–Jul 2024"),
        (None, None, "There is no national figure for exports to the US in Jan–Jul 2025: "),
    ],
)
def test_every_kind_of_change(make_trade, now, base, text):
    trade = make_trade(
        cells={"14": (now, None if now is None else 1_000 * M, base, base and 900 * M)}
    )
    assert text in say(trade)[1]


def test_never_fold(make_trade):
    trade = make_trade(cells={"14": (680 * M, 1_000 * M, 10 * M, 20 * M)})
    for lang in ("en", "zh"):
        assert not re.search("fold", " ".join(say(trade, lang)))


def test_ten_times_total_is_written_as_a_multiple(two):
    third = say(two((90 * M, 1_000 * M, 120 * M, 50 * M), (80 * M, 900 * M, 80 * M, 900 * M)))[2]
    assert "Its total exports came to 20 times the base (from USD 50.0m to USD 1.0bn)." in third


def test_nothing_fell_nothing_compared_nothing_held(two, make_trade):
    up = (20 * M, 1_000 * M, 10 * M, 1_000 * M)
    assert "In no province did exports to the US fall" in say(two(up, up))[2]
    no_base = (20 * M, 1_000 * M, None, None)
    assert "Changes by province cannot be stated" in say(two(no_base, no_base))[2]
    nothing = make_trade(cells={"14": (None,) * 4})
    assert "cannot be stated" in say(nothing)[2] or "cannot" in say(nothing)[2]
    assert (
        "No share can be stated for the provinces in Jan–Jul 2025: months not covered."
        in say(nothing)[0]
    )


def test_currency_is_named(make_trade):
    second = say(make_trade(currency="CNY"))[1]
    assert "in current CNY" in second
    assert "USD" not in second
    assert "人民币现价" in say(make_trade(currency="CNY"), "zh")[1]


@pytest.mark.parametrize("flow", ["export", "import", "total"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_all_flows_in_both_languages(trade, flow, lang):
    text = " ".join(say(trade, lang, flow))
    assert "{" not in text
    assert "None" not in text
    words = {
        "export": ("exports", "出口"),
        "import": ("imports", "进口"),
        "total": ("trade", "进出口"),
    }
    assert words[flow][lang == "zh"] in text


def test_no_cause_in_the_wording(trade):
    for lang in ("en", "zh"):
        text = " ".join(say(trade, lang))
        assert not re.search(r"because|due to|tariff|caused|因为|由于|导致|关税", text)


def test_figures_of_some_products_are_never_said_of_all_trade(make_trade):
    trade = make_trade(scope=("products: 85177950 only", "provinces assumed complete"))
    assert all(s.startswith("Product 85177950 only: ") for s in say(trade))
    assert all(s.startswith("仅商品85177950：") for s in say(trade, "zh"))
    many = make_trade(scope=("products: 1,204 in the files only",))
    assert say(many)[0].startswith("The 1,204 products in the files: ")
    assert say(many, "zh")[0].startswith("仅文件所列1,204项商品：")
    assumed = make_trade(scope=("partners assumed complete",))
    assert say(assumed)[0].startswith("By registered place")


def test_a_missing_nation_is_no_sum_of_what_is_there(trade, monkeypatch):
    from provexpo.briefing import figures

    planted = figures.growth

    def without_nation(trade, *, by=("province",), **kwargs):
        result = planted(trade, by=by, **kwargs)
        return (
            result
            if list(by)
            else type(result)(result.frame.clear(), result.units, result.receipt, lang=result.lang)
        )

    monkeypatch.setattr(figures, "growth", without_nation)
    assert say(trade)[1].startswith("There is no national figure for exports to the US")


@pytest.mark.parametrize(
    ("flow", "text"),
    [("export", "nation's exports went to the US"), ("import", "nation's imports came from the US"),
     ("total", "nation's trade was with the US")],
)  # fmt: skip
def test_data_without_provinces_speak_of_the_nation(make_trade, monkeypatch, flow, text):
    """A metric asked by province gives one national row where no table has provinces."""
    from provexpo.briefing import figures

    for name in ("dependence", "growth"):
        planted = getattr(figures, name)
        monkeypatch.setattr(
            figures, name, lambda trade, planted=planted, **kw: planted(trade, **{**kw, "by": []})
        )
    trade = make_trade(cells={"14": (25 * M, 100 * M, 20 * M, 50 * M)})
    first, second, third = say(trade, flow=flow)
    assert first == (
        f"25.0% of the {text} in Jan–Jul 2025 (40.0% in Jan–Jul 2024)."
        " The data held are not broken down by province."
    )
    assert "rose 25.0%, from USD 20.0m in Jan–Jul 2024 to USD 25.0m" in second
    assert "rose 100.0%, from USD 50.0m in Jan–Jul 2024 to USD 100.0m" in third
    assert "depends most" not in " ".join((first, second, third))


def test_a_limited_total_is_not_called_the_total(make_trade):
    cells = {"14": (90 * M, 1_000 * M, 120 * M, 1_000 * M)}
    limited = make_trade(cells=cells, scope=("products: 85177950 only",))
    assert "exports to all partners did not change" in say(limited)[2]
    assert "对所有贸易伙伴出口持平" in say(limited, "zh")[2]
    partners = make_trade(cells=cells, scope=("partners: 402, 502 only",))
    assert "exports to the partners listed did not change" in say(partners)[2]
    assert not any("total exports" in s for t in (limited, partners) for s in say(t))
