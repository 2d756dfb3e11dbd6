"""From the statement's rows to a Result: names, reasons, caveats, receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from provexpo import __version__, vocab
from provexpo.engine.by import slot_text
from provexpo.engine.caveats import caveats_for, scope_texts
from provexpo.engine.families import caveats as family_caveats
from provexpo.engine.families import not_in_force
from provexpo.engine.query import Answer, Query
from provexpo.result import Caveat, Receipt, Result
from provexpo.store.snapshot import utc_text

_NAMED = {"province": "province", "partner": "partner", "regime": "regime", "product": "product"}
_WORDED = ("region", "section", "sector", "partner_group")
_TAIL = ("status", "reason", "n_months", "n_months_expected", "small_base", "lny_flag")


@dataclass(frozen=True)
class Form:
    """What a metric's frame looks like: its columns after the keys, and their units."""

    metric: str
    title: str  # a key of seeds/phrases.csv, without "title."
    method: str  # the section of docs/methods that defines it
    definition: str
    units: Mapping[str, str]  # column -> unit; "currency" becomes that of the call
    compares: bool = False  # the base window is needed for the metric itself
    gap: str = "scope"  # the reason of rows that are missing inside a covered window


def finish(
    query: Query,
    answer: Answer,
    form: Form,
    *,
    summed: Sequence[str],
    caveats: Sequence[Caveat] = (),
    more: Mapping[str, Answer] | None = None,
) -> Result:
    """Name the keys, give reasons, and attach what the reader must know.

    `more` are further statements that the metric read, by what they are for.
    """
    call = query.call
    frame = _with_reasons(query, answer.frame, form)
    frame = _with_names(query, frame)
    keys = _key_columns(query)
    tail = [c for c in _TAIL if c in frame.columns]
    body = [c for c in form.units if c not in tail]
    frame = frame.select([*keys, *body, *tail])
    shared = caveats_for(query, summed, compares=form.compares)
    every = (
        *shared,
        *_small_bases(frame, form, call.arguments.lang),
        *family_caveats(call, query.families, frame),
        *not_in_force(query.trade, call),
        *caveats,
    )
    units = {k: vocab.field(k).unit for k in keys}
    for c in body:
        units[c] = query.currency if form.units[c] == "currency" else form.units[c]
    units.update({c: vocab.field(c).unit for c in tail})
    title = _title(query, form, summed)
    return Result(
        frame=frame,
        units=units,
        receipt=_receipt(query, answer, form, summed, more or {}),
        caveats=every,
        title=title,
        lang=call.arguments.lang,
        definition=form.definition,
    )


def _with_reasons(query: Query, frame: pl.DataFrame, form: Form) -> pl.DataFrame:
    reasons: dict[int, str | None] = {}
    held: dict[int, int] = {}
    for now, base in query.slots:
        text = now.reason
        if text is None and form.compares and base.reason:
            text = f"base_{base.reason}"
        reasons[now.window.first] = text or form.gap
        held[now.window.first] = now.window.n_months - len(now.missing_months)
    missing = pl.col("status") == "missing"
    given = pl.col("reason") if "reason" in frame.columns else pl.lit(None, dtype=pl.String)
    found = pl.coalesce(given, _by_slot(reasons, pl.String))
    expected = {now.window.first: now.window.n_months for now, _ in query.slots}
    lny = {w.first: w.splits_new_year for w in query.call.slots}
    return frame.with_columns(
        n_months=_by_slot(held, pl.Int64),
        n_months_expected=_by_slot(expected, pl.Int64),
        reason=pl.when(missing).then(found).otherwise(given),
        lny_flag=_by_slot(lny, pl.Boolean),
    )


def _by_slot(values: Mapping[int, object], dtype: type[pl.DataType]) -> pl.Expr:
    """A figure of each row's point in time; mostly there is one point, which needs no look-up."""
    if len(values) == 1:
        return pl.lit(next(iter(values.values())), dtype=dtype)
    return pl.col("slot").replace_strict(values, return_dtype=dtype)


def _with_names(query: Query, frame: pl.DataFrame) -> pl.DataFrame:
    lang = query.call.arguments.lang
    for key in query.call.keys:
        name = key.column
        if key.is_time:
            texts = {w.first: slot_text(w, key) for w in query.call.slots}
            column = pl.col("slot").replace_strict(texts, return_dtype=pl.String)
            frame = frame.with_columns(column.alias(name))
            continue
        if name == "product":
            padded = pl.col("product").cast(pl.String).str.zfill(key.level)
            frame = frame.with_columns(product=padded)
        if name in _WORDED:
            words = vocab.names(name, lang)
            frame = frame.with_columns(_named(name, words, keep=True).alias(name))
        elif name in _NAMED:
            words = dict(vocab.names(name, lang, query.call.arguments.reporter))
            if name == "product":
                words |= {f.code: f.label() for f in query.families}
            frame = frame.with_columns(_named(name, words, keep=False).alias(f"{name}_name"))
    return frame


def _named(column: str, words: Mapping[str, str], *, keep: bool) -> pl.Expr:
    code = pl.col(column).cast(pl.String)
    return code.replace_strict(words, default=code if keep else None, return_dtype=pl.String)


def _key_columns(query: Query) -> list[str]:
    columns = []
    for key in query.call.keys:
        columns.append(key.column)
        if key.column in _NAMED:
            columns.append(f"{key.column}_name")
    return columns


def _small_bases(frame: pl.DataFrame, form: Form, lang: str) -> list[Caveat]:
    small = int(frame["small_base"].sum() or 0) if "small_base" in frame.columns else 0
    if not small:
        return []
    return [Caveat("small_base", vocab.phrase(f"small_base.{form.metric}", lang), small)]


def _title(query: Query, form: Form, summed: Sequence[str]) -> str:
    call, lang = query.call, query.call.arguments.lang
    chosen = [s.label(lang) for s in call.selections.values() if s.codes is not None]
    flows = vocab.phrase("and", lang).join(vocab.phrase(f"flow.{f}", lang) for f in query.chosen)
    parts = [vocab.phrase(f"title.{form.title}", lang), flows, *chosen, str(call.window)]
    if form.compares:
        parts.append(vocab.phrase("title.against", lang, base=call.base))
    # The scopes that limit the figures, not those that are only assumed, belong in the title.
    assumed = {vocab.phrase("scope.assumed", lang, dimension=_dimension(d, lang)) for d in summed}
    limits = [t for t in scope_texts(query, summed, lang) if t not in assumed]
    return vocab.phrase("list", lang).join(p for p in [*parts, query.currency, *limits] if p)


def _dimension(name: str, lang: str) -> str:
    return vocab.phrase(f"dimension.{name}", lang)


def _receipt(
    query: Query,
    answer: Answer,
    form: Form,
    summed: Sequence[str],
    more: Mapping[str, Answer],
) -> Receipt:
    call, trade = query.call, query.trade
    used = [s for c in query.chosen.values() for s in c.coverage.scopes]
    vintages = [s.vintage for s in used]
    return Receipt(
        store="sample" if trade.is_sample else str(trade.snapshot.place),
        load=trade.load,
        as_of=trade.as_of,
        illustrative=trade.illustrative,
        metric=form.metric,
        call=call.arguments.as_json(),
        tables={flow: c.grain.id for flow, c in query.chosen.items()},
        vintages=(utc_text(min(vintages)), utc_text(max(vintages))) if vintages else None,
        currency=query.currency,
        window=str(call.window),
        base_window=str(call.base) if call.base else None,
        scope=tuple(scope_texts(query, summed)),
        sql=answer.sql,
        params=answer.params,
        method=form.method,
        provexpo=__version__,
        more=tuple({"name": n, "sql": a.sql, "params": a.params} for n, a in more.items()),
    )
