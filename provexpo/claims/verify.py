"""`verify`: check the statements of a ledger against a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provexpo.claims.compute import Figure, Run, other_currency, with_by
from provexpo.claims.dimension import POINTS, QUOTIENT, TRUTH, is_money, plain
from provexpo.claims.evaluate import Gap
from provexpo.claims.ledger import Claim, Problem, Reading, read_ledger, refuse
from provexpo.claims.picks import Aggregate, Column, PickError
from provexpo.claims.sentences import bounds_text, figure_text, fold_text, parts_text
from provexpo.claims.verdicts import Verdict, Verdicts
from provexpo.engine.call import LANGS
from provexpo.errors import CallError, ProvexpoError
from provexpo.resources import seed
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade

SHIPPED = "claims.csv"
# The unit of a column -> how a statement about it is written.
_WRITTEN = {
    "fraction": ("%", "fraction"),
    "pp": ("pp",),
    "ratio": ("times", ""),
    "count": ("count", "rank", "months", "years", ""),
    "months": ("months", "count", ""),
    QUOTIENT: ("%", "fraction", "times", ""),
    POINTS: ("pp", "%", "fraction"),
}


def verify(trade: Trade, claims: str | Path | None = None, *, lang: str = "en") -> Verdicts:
    """Check published statements against a store, and say match, mismatch, or why not computable.

    A statement matches when low <= x <= high, with x the computed figure in the unit as published
    and the interval that its comparison gives: half the last printed decimal on both sides for an
    exact figure, 5 % on one side for "over" and "nearly", [N, N + 1) for "N-fold".

    Parameters
    ----------
    trade : Trade
        A snapshot, from ``pe.open`` or ``pe.sample``.
    claims : path, optional
        A ledger, a CSV file as in ``docs/claims.md``. Default: the shipped ledger of 160
        published statements.
    lang : {"en", "zh"}

    Returns
    -------
    Verdicts
        ``.frame`` has one row a statement: claim_id, verdict, published, computed, low and high
        [all in the statement's unit], reason; ``.to_text()``, ``.to_dict()``, ``.failed``.

    Raises
    ------
    ClaimsError naming every problem of the ledger; CallError for another language.

    Notes
    -----
    NULL rule: a figure that is missing makes its statement ``not_computable`` with the reason,
    never a mismatch; ``computed`` is NULL then.

    References
    ----------
    The shipped ledger names the source of each statement.

    Examples
    --------
    >>> import provexpo as pe
    >>> verdicts = pe.verify(pe.sample())
    >>> verdicts.frame.height
    160
    """
    if lang not in LANGS:
        raise CallError(
            f"unknown language {lang!r}", where="verify(lang=)", expected=" or ".join(LANGS)
        )
    ledger = read_ledger(seed(SHIPPED) if claims is None else claims)
    run, problems = Run(trade, lang), []
    verdicts = []
    for claim in ledger.claims:
        try:
            verdicts.append(_verdict(run, claim))
        except (PickError, ProvexpoError) as err:
            problems.append(_problem(claim, err))
    name = SHIPPED if claims is None else ledger.name
    refuse(name, problems)
    return Verdicts(tuple(verdicts), trade, name, ledger.sha256, lang)


def _problem(claim: Claim, err: Exception) -> Problem:
    """A fault that only the data could show: a word unknown to the reporter, a pick of many rows"""
    if isinstance(err, ProvexpoError):
        return Problem(claim.line, "arguments", err.what, err.expected or "", err.do or "")
    return Problem(claim.line, "pick", str(err))


def _verdict(run: Run, claim: Claim) -> Verdict:
    if claim.pick is None or claim.bounds is None or claim.published is None:
        return Verdict.of(claim, "not_computable", claim.remark)
    try:
        figure = run.figure(claim.calls, claim.pick)
    except Gap as gap:
        texts = tuple(with_by(call, claim.pick).text() for call in claim.calls)
        remark = (claim.remark,) if claim.remark else ()
        return Verdict.of(claim, "not_computable", str(gap), calls=texts, notes=remark)
    _refuse_other_unit(claim, figure)
    computed = _in_unit(claim, figure)
    holds = claim.bounds.hold(computed)
    if _hangs_on_unknown_rows(claim, figure):
        words = {"count": figure.trail.unjudged}
        return Verdict.of(
            claim, "not_computable", phrase("claims.gap.unjudged", run.lang, **words),
            calls=tuple(spec.text() for spec in figure.specs),
            notes=(claim.remark,) if claim.remark else (),
        )  # fmt: skip
    own_unit = plain(figure.unit) if claim.compare == "direction" else None
    return Verdict.of(
        claim,
        "match" if holds else "mismatch",
        phrase(
            f"claims.{'match' if holds else 'mismatch'}",
            run.lang,
            computed=figure_text(claim, computed, run.lang, own_unit),
            bounds=bounds_text(claim, run.lang),
        ),
        computed=computed,
        notes=(*_own_notes(claim, figure, run.lang), *_readings(run, claim, figure, holds)),
        caveats=figure.caveats,
        calls=tuple(spec.text() for spec in figure.specs),
        receipts=tuple(r.receipt for r in figure.results),
        own_unit=own_unit or "",
    )


def _in_unit(claim: Claim, figure: Figure) -> float:
    """The figure in the unit as published; a whole number stays one."""
    assert claim.published is not None
    unit = claim.published.unit
    points = unit.text == "pp" and figure.unit == POINTS
    return float(figure.value) / (0.01 if points else unit.factor)


def _hangs_on_unknown_rows(claim: Claim, figure: Figure) -> bool:
    """True where rows that cannot be judged could turn the verdict on a count or a part."""
    pick, trail = claim.pick, figure.trail
    if claim.bounds is None or not trail.unjudged or not isinstance(pick, Aggregate):
        return False
    step = 1.0 if pick.name == "count" else 1.0 / trail.judged_of
    factor = 1.0 if claim.published is None else claim.published.unit.factor
    possible = [
        claim.bounds.hold((float(figure.value) + n * step) / factor)
        for n in range(trail.unjudged + 1)
    ]
    return any(possible) and not all(possible)


def _refuse_other_unit(claim: Claim, figure: Figure) -> None:
    """Dollars are never held against yuan, per cent never against points or bare numbers, and a
    condition against nothing but yes and no."""
    assert claim.published is not None
    unit, wanted = figure.unit, claim.published.unit
    if (claim.compare == "holds") != (unit == TRUTH) and unit is not None:
        raise PickError(
            f"{claim.pick_text} is true or false; write the value yes or no"
            if unit == TRUTH
            else f"{claim.pick_text} is a figure, not true or false;"
            " write a condition, such as pct < 0, or a value with its unit"
        )
    if claim.published.number is None or unit is None:
        return
    if is_money(unit):
        fits, write = wanted.currency == unit, f"{unit} bn"
    elif unit in _WRITTEN:
        fits, write = wanted.text in _WRITTEN[unit], _WRITTEN[unit][0]
    else:
        return
    if not fits:
        held = f"in {wanted.text}" if wanted.text else "a bare number"
        kind = {QUOTIENT: "a quotient", POINTS: "a difference of shares or rates"}
        raise PickError(
            f"the statement is {held}, but {claim.pick_text} is {kind.get(unit, f'in {unit}')};"
            f" write the value with its unit, such as {write}, or pick another column"
        )


def _readings(run: Run, claim: Claim, figure: Figure, holds: bool) -> list[str]:
    """Other readings: those that the ledger asks for, and the other currency where the text names
    none and the verdict hangs on it."""
    notes = [_reading(run, claim, reading) for reading in claim.also]
    other = None if claim.currency else other_currency(figure, claim.calls)
    if other is not None:
        calls = tuple(c.changed(other) for c in claim.calls)
        seen = _read(run, Reading("", calls, claim.pick))
        if isinstance(seen, Figure) and _holds(claim, seen) != holds:
            words = {"own": figure.currency, "other": other["currency"]}
            notes.append(
                phrase("claims.note.currency", run.lang, **words, **_words(run, claim, seen))
            )
    return notes


def _reading(run: Run, claim: Claim, reading: Reading) -> str:
    seen = _read(run, reading)
    if isinstance(seen, str):
        return phrase("claims.note.reading_gap", run.lang, change=reading.label, reason=seen)
    words = _words(run, claim, seen)
    return phrase("claims.note.reading", run.lang, change=reading.label, **words)


def _words(run: Run, claim: Claim, seen: Figure) -> dict[str, str]:
    verdict = "match" if _holds(claim, seen) else "mismatch"
    return {
        "computed": figure_text(claim, _in_unit(claim, seen), run.lang),
        "verdict": phrase(f"claims.verdict.{verdict}", run.lang),
    }


def _read(run: Run, reading: Reading) -> Figure | str:
    """The figure of another reading, or why there is none."""
    assert reading.pick is not None
    try:
        return run.figure(reading.calls, reading.pick)
    except Gap as gap:
        return str(gap)


def _holds(claim: Claim, figure: Figure) -> bool:
    return claim.bounds is not None and claim.bounds.hold(_in_unit(claim, figure))


def _own_notes(claim: Claim, figure: Figure, lang: str) -> list[str]:
    """A small base, the figures put together, what the comparison leaves open, and the remark."""
    notes = [phrase("claims.note.small_base", lang)] if figure.small_base else []
    if claim.pick is not None and not isinstance(claim.pick, Column | Aggregate):
        notes.append(parts_text(figure, lang))
    if claim.compare == "n_fold":
        notes.append(fold_text(_in_unit(claim, figure), lang))
    if claim.compare in ("at_least", "at_most", "above", "below"):
        notes.append(phrase("claims.note.one_sided", lang))
    return [*notes, *([claim.remark] if claim.remark else [])]
