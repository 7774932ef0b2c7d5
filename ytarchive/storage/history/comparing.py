"""Compares an answer about a video with what is known of it.

An answer with less than is known changes nothing: while YouTube blocks or throttles, it omits parts
of its answers. Three answers over two days or more confirm that a description or captions were
removed. Texts are compared in the original language: a translated title is not an edit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ytarchive.common.media import VideoMetadata
from ytarchive.storage.history.models import HistoryEntry, HistoryKind

VERSIONED = ("title", "description", "duration", "channel_id", "channel_title", "thumbnail_urls",
             "available_captions")  # fmt: skip
"""Fields whose change makes a new version."""

_ESSENTIAL = ("title", "description", "duration", "upload_date", "channel_id", "thumbnail_urls")
"""Fields that an answer has if it is complete and the video has them."""
_REMOVABLE = frozenset({"description", "available_captions"})
"""What an owner can remove; YouTube never removes the rest."""
_CONFIRMED_AFTER = timedelta(days=2)
_CONFIRMATIONS = 2
"""Earlier answers without the same fields."""


class Verdict(StrEnum):
    """The result of a comparison."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Comparison:
    """What follows from an answer."""

    verdict: Verdict
    result: VideoMetadata
    """What is known from now on."""
    changed: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def compare(
    known: VideoMetadata, answer: VideoMetadata, earlier: Sequence[HistoryEntry] = ()
) -> Comparison:
    """Return what an answer changes. `earlier`: the history of the video, oldest first."""
    lacks = lacking(known, answer)
    if lacks and not _is_confirmed(lacks, answer, earlier):
        return Comparison(Verdict.INCOMPLETE, known, lacks=lacks)
    result = _merged(known, answer, lacks)
    changed = differences(known, result)
    return Comparison(Verdict.CHANGED if changed else Verdict.UNCHANGED, result, changed)


def lacking(known: VideoMetadata, answer: VideoMetadata) -> tuple[str, ...]:
    """Return the fields that are known and that an answer lacks."""
    found = [name for name in _ESSENTIAL if _has(known, name) and not _has(answer, name)]
    languages = answer.available_captions
    if languages is not None and not set(known.available_captions or []) <= set(languages):
        found.append("available_captions")
    return tuple(found)


def differences(before: VideoMetadata, after: VideoMetadata) -> tuple[str, ...]:
    """Return the fields that differ so that they make a new version."""
    return tuple(
        name
        for name in VERSIONED
        if not _is_same(name, getattr(before, name), getattr(after, name))
    )


def _is_confirmed(
    lacks: Sequence[str], answer: VideoMetadata, earlier: Sequence[HistoryEntry]
) -> bool:
    """Return whether the last answers, over some days, lacked the same fields."""
    if not _REMOVABLE.issuperset(lacks):
        return False
    run: list[HistoryEntry] = []
    for entry in reversed(earlier):
        if entry.kind is HistoryKind.INCOMPLETE and set(lacks) <= set(entry.data.get("lacks", ())):
            run.append(entry)
        elif entry.kind in {HistoryKind.VERSION, HistoryKind.COUNTS, HistoryKind.INCOMPLETE}:
            break  # a complete answer, or one that lacked other fields
    return len(run) >= _CONFIRMATIONS and answer.fetched_at - run[-1].time >= _CONFIRMED_AFTER


def _merged(known: VideoMetadata, answer: VideoMetadata, removed: Sequence[str]) -> VideoMetadata:
    """Return the answer, with what it does not contain as it was known."""
    kept = {
        name: value
        for name, value in vars(known).items()
        if (getattr(answer, name) is None and name != "source")
        or (name == "thumbnail_urls" and not answer.thumbnail_urls)
    }
    return answer.model_copy(update=kept | _original_texts(known, answer, removed))


def _original_texts(
    known: VideoMetadata, answer: VideoMetadata, removed: Sequence[str]
) -> dict[str, Any]:
    """Return the known texts that an answer contains only in translation."""
    if answer.is_translated and not known.is_translated:
        return {"title": known.title, "description": known.description, "is_translated": False}
    translation = answer.translation or known.translation
    if translation is None or answer.translation is not None:
        return {}  # with its translation, an answer has the original texts
    names = [
        name
        for name in ("title", "description")
        if name not in removed and _text(getattr(answer, name)) == _text(getattr(translation, name))
    ]
    return {name: getattr(known, name) for name in names}


def _has(metadata: VideoMetadata, name: str) -> bool:
    value = getattr(metadata, name)
    return bool(value.strip() if isinstance(value, str) else value)


def _is_same(name: str, before: Any, after: Any) -> bool:
    """Return whether two values are equal, apart from the ways in which sources differ."""
    if before is None or after is None:
        return True  # one of the sources does not report it
    match name:
        case "duration":
            return bool(abs(before - after) <= 1)  # sources round differently
        case "thumbnail_urls":
            return _pictures(before) == _pictures(after) or not (before and after)
        case "available_captions":
            return set(before) == set(after)
        case _:
            return bool(_text(before) == _text(after))


def _text(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _pictures(urls: Mapping[str, str]) -> set[str]:
    """Return the versions of a video's thumbnail that its addresses name, as `?v=6543af21`."""
    queries = (parse_qs(urlsplit(url).query) for url in urls.values())
    return {version for query in queries for version in query.get("v", [])}
