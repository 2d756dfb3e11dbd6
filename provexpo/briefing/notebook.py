"""A briefing as a notebook shows it: the sentences, the files, what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from provexpo.output import labels


def notebook_html(
    sentences: Mapping[str, Sequence[str]],
    files: Sequence[Path],
    notes: Sequence[str],
    sample: bool,
) -> str:
    """No script and no link that could lead elsewhere; all text is escaped."""
    said = "".join(
        f'<div lang="{lang}">{_sample(lang, sample)}{_list(texts, "ol")}</div>'
        for lang, texts in sentences.items()
    )
    lang = next(iter(sentences), "en")
    written = [f"{f} ({_size(f)})" for f in files if f.is_file()]
    return (
        said
        + _headed(labels.word("file.files", lang), written)
        + _headed(labels.word("file.left_out", lang), notes)
    )


def _sample(lang: str, sample: bool) -> str:
    return f"<p><strong>{labels.word('sample', lang)}</strong></p>" if sample else ""


def _headed(title: str, texts: Sequence[str]) -> str:
    return f"<p>{escape(title)}</p>{_list(texts, 'ul')}" if texts else ""


def _list(texts: Sequence[str], kind: str) -> str:
    return f"<{kind}>" + "".join(f"<li>{escape(t)}</li>" for t in texts) + f"</{kind}>"


def _size(file: Path) -> str:
    return f"{max(1, round(file.stat().st_size / 1000)):,} kB"
