"""What a Result says, in the sentences of a desk: arithmetic, never a cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provexpo import vocab
from provexpo.briefing.facts import with_article
from provexpo.briefing.said_row import KEYS, TIME_KEYS, name_of, said_of, saying, sayings
from provexpo.briefing.words import ASSUMED, ONLY, scopes
from provexpo.output import formats, labels
from provexpo.result import Result

_SHOWN = 3
# Metrics whose sentence says nothing about the base window.
_NO_BASE = (
    "value", "balance", "concentration", "gdp_exposure", "records", "seasonal",
    "revisions", "mirror_gap", "mirror_attribution",
    "mirror_slope", "quarter_end", "sudden_appearance",
)  # fmt: skip
# Metrics whose rows can be counted as fallen and risen, by the column that says so.
_MOVES = {"growth": "change", "decline": "pct", "contribution": "change"}


def say(result: Result, lang: str | None = None) -> str:
    """Return what a Result says, in sentences that can be quoted.

    The first sentence names what is counted, the window and its base, the basis of the places and
    the currency, then the first rows of the frame (three at most) with their figures. A change to
    ten times its base or more is written "to N times the base (from a to b)". Small bases, missing
    rows and their reasons, lists that are not complete and the illustrative sample are said.
    Nothing is said that the frame and its receipt do not hold, and no cause is named.

    Parameters
    ----------
    result : Result
        Of any metric.
    lang : {"en", "zh"}, optional
        Default: the language that the result was asked in.

    Returns
    -------
    str, one paragraph.

    Raises
    ------
    CallError for another language.

    Examples
    --------
    >>> import provexpo as pe
    >>> trade = pe.sample()
    >>> r = pe.growth(trade, partner="US", province="Zhejiang", by=[], during="2025-01/2025-07")
    >>> pe.say(r).split(": ")[1].split(" to ")[0]
    'down 5.3%'
    >>> pe.say(r, "zh").split("，")[0]
    '浙江对美国出口'
    """
    lang = formats.language(lang or result.lang)
    rows = result.frame.to_dicts()
    parts = [_head(result, lang) + _rows(rows, result, lang), *_leads(rows, result, lang)]
    parts += [*_counts(rows, result, lang), *_limits(rows, result, lang)]
    stop = saying("stop", lang, {})
    return (f"{stop} " if lang == "en" else stop).join(parts) + stop


def _head(result: Result, lang: str) -> str:
    r = result.receipt
    window = formats.window(r.window, lang)
    text = saying("head.window", lang, {"subject": _subject(result, lang), "window": window})
    if r.base_window and r.metric not in _NO_BASE:
        text += saying("head.against", lang, {"base": formats.window(r.base_window, lang)})
    currency = formats.currency_name(r.currency, lang)
    notes = [saying("note.current", lang, {"currency": currency})]
    if "province" in result.frame.columns:
        notes = [*_bases(result, lang), *notes]
    comma = ", " if lang == "en" else "，"
    return text + saying("head.notes", lang, {"notes": comma.join(notes)})


def _bases(result: Result, lang: str) -> list[str]:
    tables = result.receipt.tables.values()
    bases = {t.rpartition("@")[2] if "@" in t else "registered" for t in tables}
    return [labels.known("basis", b, lang) for b in sorted(bases)]


def _subject(result: Result, lang: str) -> str:
    call = result.receipt.call
    reporter = str(call.get("reporter", "CHN"))
    flows = list(result.receipt.tables)
    flow = flows[0] if len(flows) == 1 else "total"
    who = _label("province", call, lang) or vocab.names("partner", lang).get(reporter, reporter)
    product = _label("product", call, lang)
    fields = {
        "who": who,
        "product": saying("product", lang, {"label": product}) if product else "",
        "partner": "" if _stands_aside(result) else _partner(call, flow, lang),
    }
    own = f"subject.{result.receipt.metric}"
    if own in sayings():  # two legs of different reporters, named in words of their own
        fields["partner"] = _partner(call, "export", lang)
    text = saying(own if own in sayings() else f"subject.{flow}", lang, fields)
    words = [_key_word(k, result, lang) for k in KEYS if k in result.frame.columns]
    if words:
        comma = ", " if lang == "en" else "、"
        text += saying("subject.by", lang, {"keys": comma.join(words)})
    return text


def _stands_aside(result: Result) -> bool:
    """True where the rows are other partners than the one of the call, as those of hubs are."""
    words = result.receipt.call.get("partner")
    if words is None or "partner" not in result.frame.columns or result.frame.is_empty():
        return False
    reporter = str(result.receipt.call.get("reporter", "CHN"))
    chosen = vocab.resolve("partner", words, reporter=reporter)
    return not chosen.negate and not set(chosen.codes or ()) & set(result.frame["partner"])


def _key_word(key: str, result: Result, lang: str) -> str:
    name = f"{key}_name" if f"{key}_name" in result.frame.columns else key
    word = labels.column(name, lang)
    return word[:1].lower() + word[1:] if lang == "en" else word


def _label(dimension: str, call: Mapping[str, Any], lang: str) -> str:
    words = call.get(dimension)
    if words is None:
        return ""
    return vocab.resolve(dimension, words, reporter=str(call.get("reporter", "CHN"))).label(lang)


def _partner(call: Mapping[str, Any], flow: str, lang: str) -> str:
    words = call.get("partner")
    if words is None:
        return ""
    s = vocab.resolve("partner", words, reporter=str(call.get("reporter", "CHN")))
    label = s.label(lang)
    if s.negate:
        bare = label.removeprefix("not ").removeprefix("不含")
        other = saying("partner.not", lang, {"label": bare})
        label = f"partners{other}" if lang == "en" else other
    else:
        label = with_article(label, lang)
    return saying(f"partner.{flow}", lang, {"label": label})


def _rows(rows: Sequence[Mapping[str, Any]], result: Result, lang: str) -> str:
    colon = saying("head.colon", lang, {})
    if not rows:
        return colon + saying("limits.none", lang, {})
    figures = [r for r in rows if r.get("status") != "missing"] or list(rows)
    # What rests on a small base never leads where something else can.
    firm = [r for r in figures if not r.get("small_base")] or figures
    return colon + _listed(firm[-_SHOWN:] if _timed(result) else firm[:_SHOWN], result, lang)


def _timed(result: Result) -> bool:
    """Rows in the order of time: the newest are what is asked for."""
    if result.receipt.metric == "quarter_end":  # a year is always a key there
        return False
    return any(k in result.frame.columns for k in TIME_KEYS)


def _listed(rows: Sequence[Mapping[str, Any]], result: Result, lang: str) -> str:
    texts = []
    for row in rows:
        name, figures = name_of(row, result, lang), said_of(row, result, lang)
        texts.append(saying("row", lang, {"name": name, "figures": figures}) if name else figures)
    return saying("rows.join", lang, {}).join(texts)


def _leads(rows: Sequence[Mapping[str, Any]], result: Result, lang: str) -> list[str]:
    """What a metric says of the whole, from columns that its rows share."""
    metric, first = result.receipt.metric, (rows[0] if rows else {})
    if metric == "dependence" and first.get("nation_share") is not None and len(rows) > 1:
        share = formats.percent(first["nation_share"], lang)
        return [saying("lead.dependence", lang, {"nation_share": share})]
    if metric == "contribution" and first.get("base_total") and "province" not in first:
        growth = first["total"] / first["base_total"] - 1 if first.get("total") else None
        fields = {
            "total": formats.value(first.get("total"), result.units["total"], lang),
            "base_total": formats.value(first["base_total"], result.units["base_total"], lang),
            "growth": formats.percent(growth, lang, sign=True),
        }
        return [saying("lead.contribution", lang, fields)]
    if metric == "growth" and len(rows) > _SHOWN and not _timed(result):
        rising = [r for r in rows if (r.get("change") or 0) > 0 and not r.get("small_base")]
        rising.sort(key=lambda r: -r["change"])
        if rising:
            listed = _listed(rising[:_SHOWN], result, lang)
            return [saying("also.rose", lang, {"rows": listed})]
    if metric == "rerouting" and rows:
        return [saying("lead.rerouting", lang, {})]
    if metric == "records":
        return _streak(rows, result, lang)
    if metric == "exposure_response" and first.get("r") is not None:
        kind = "unstable" if not first.get("related") else "down" if first["r"] < 0 else "up"
        if first.get("loo_min") is None:
            kind = "few"
        return [saying(f"lead.exposure_response.{kind}", lang, {})]
    return []


def _streak(rows: Sequence[Mapping[str, Any]], result: Result, lang: str) -> list[str]:
    last = rows[-1] if rows else {}
    if (last.get("streak") or 0) < 2 or last.get("pct") is None or last["pct"] == 0:
        return []
    fields = {
        "name": name_of(last, result, lang),
        "streak": last["streak"],
        "since": formats.value(last["streak_since"], "period", lang),
    }
    return [saying(f"lead.streak.{'down' if last['pct'] < 0 else 'up'}", lang, fields)]


def _counts(rows: Sequence[Mapping[str, Any]], result: Result, lang: str) -> list[str]:
    column = _MOVES.get(result.receipt.metric)
    held = [r[column] for r in rows if column and r.get(column) is not None]
    if len(held) <= _SHOWN:
        return []
    down, up = sum(x < 0 for x in held), sum(x > 0 for x in held)
    return [saying("count.moved", lang, {"n": len(held), "down": down, "up": up})]


def _limits(rows: Sequence[Mapping[str, Any]], result: Result, lang: str) -> list[str]:
    texts = []
    small = sum(bool(r.get("small_base")) for r in rows)
    if small and len(rows) > 1:
        texts.append(saying("limits.small", lang, {"n": small}))
    missing = [r for r in rows if r.get("status") == "missing"]
    if missing and len(rows) > 1:
        reasons = dict.fromkeys(labels.known("reason", r.get("reason"), lang) for r in missing)
        comma = ", " if lang == "en" else "、"
        why = comma.join(reasons)
        fields = {"n": len(missing), "all": len(rows), "why": why}
        texts.append(saying("limits.missing", lang, fields))
    comma = ", " if lang == "en" else "，"
    held = [scopes(result.receipt.scope, form, lang) for form in (ONLY, ASSUMED)]
    if any(held):
        scope = comma.join(h for h in held if h)
        texts.append(saying("limits.scope", lang, {"scope": scope}))
    if any(r.get("lny_flag") for r in rows):
        texts.append(saying("limits.lny", lang, {}))
    if result.receipt.illustrative:
        texts.append(saying("limits.illustrative", lang, {}))
    return texts
