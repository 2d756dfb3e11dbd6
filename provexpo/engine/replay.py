"""Compute a result again from its receipt."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provexpo.engine.trade import Trade
from provexpo.engine.trade import open as open_store
from provexpo.errors import QueryError
from provexpo.result import Receipt

if TYPE_CHECKING:
    from provexpo.result import Result


def replay(
    receipt: Receipt | str | Mapping[str, Any], *, store: str | Path | None = None
) -> Result:
    """Return the result that a receipt describes, from the same version of the same store.

    Parameters
    ----------
    receipt : Receipt, its JSON text, or the ``receipt`` object of ``--format json``.
    store : optional
        Where the store lies now, when it moved.

    Returns
    -------
    Result
        The same frame, from load ``receipt.load`` (and ``as_of``).

    Raises
    ------
    StoreError if the store or the load is gone. QueryError if this version of provexpo would run
    another statement than the receipt's.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.dependence(pe.sample(), partner="US", during="2025-01/2025-07")
    >>> pe.replay(r.receipt).frame.equals(r.frame)
    True
    """
    wanted = receipt if isinstance(receipt, Receipt) else Receipt.from_json(receipt)
    trade = _snapshot(wanted, store)
    try:
        metric = _function(wanted.metric)
        signature(metric).bind(trade, **wanted.call)
    except (ImportError, AttributeError, TypeError) as err:
        raise QueryError(
            f"the receipt's call of {wanted.metric!r} is not one of this version: {err}",
            do=f"install provexpo {wanted.provexpo}",
        ) from err
    result: Result = metric(trade, **wanted.call)
    if (result.sql, result.params) != (wanted.sql, wanted.params):
        raise QueryError(
            "the receipt's statement is not the one that this version would run",
            expected=f"provexpo {wanted.provexpo} and store load {wanted.load}",
            do=f"install provexpo {wanted.provexpo}, or run the receipt's SQL itself",
        )
    return result


def _function(name: str) -> Any:
    """A metric or a signal; they lie below this room, which is one of the named exceptions."""
    if name in import_module("provexpo.signals").SIGNALS:
        return getattr(import_module(f"provexpo.signals.{name}"), name)
    return getattr(import_module(f"provexpo.metrics.{name}"), name)


def _snapshot(receipt: Receipt, store: str | Path | None) -> Trade:
    if receipt.store == "sample" and store is None:
        demo = import_module("provexpo.demo")
        sample: Trade = demo.sample(version=receipt.load, as_of=receipt.as_of)
        return sample
    return open_store(store or receipt.store, version=receipt.load, as_of=receipt.as_of)
