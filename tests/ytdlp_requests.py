"""Count the requests that plain yt-dlp makes, for comparison with those of ytarchive.

How many requests an extraction or a listing costs differs between versions of yt-dlp. Tests compare
with the installed version in the same environment, instead of naming numbers.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tests.standin import StandIn, StandInProcess
from tests.standin.clients import yt_dlp
from ytarchive.ytdlp.tools import javascript_runtime

EXTRACTION = frozenset({"watch", "player"})
"""Kinds of requests that an extraction makes for its video."""
LISTING = frozenset({"playlist", "channel", "browse", "resolve", "feed"})
"""Kinds of requests that list videos, besides those of the Data API."""


async def plain_requests(youtube: StandIn, *arguments: str) -> Counter[str]:
    """Run yt-dlp; return its requests by kind. The stand-in's log starts anew, twice."""
    youtube.reset()
    await yt_dlp(youtube, *same_environment(), *arguments)
    counted = youtube.requests.counts
    youtube.reset()
    return counted


def plain_requests_of_process(youtube: StandInProcess, *arguments: str) -> Counter[str]:
    """Do the same with a stand-in in a process of its own."""
    youtube.reset()
    asyncio.run(yt_dlp(youtube, *same_environment(), *arguments))
    counted: Counter[str] = Counter(youtube.counters()["kinds"])
    youtube.reset()
    return counted


def same_environment() -> tuple[str, ...]:
    """Return the options that give yt-dlp the JavaScript runtime that ytarchive uses."""
    runtime = javascript_runtime()
    return ("--no-js-runtimes", "--js-runtimes", ":".join(runtime)) if runtime else ()


def only(counted: Mapping[str, int], kinds: Iterable[str]) -> dict[str, int]:
    """Return the counts of some kinds, those that are 0 left out."""
    return {kind: counted[kind] for kind in sorted(kinds) if counted.get(kind)}


def listing_requests(counted: Mapping[str, int]) -> int:
    """Return how many requests listed videos."""
    return sum(number for kind, number in counted.items() if is_listing(kind))


def is_listing(kind: str) -> bool:
    """Return whether a request of this kind lists videos."""
    return kind in LISTING or kind.startswith("api:")


def times(counted: Mapping[str, int], one: Mapping[str, int]) -> float:
    """Return how many extractions these requests are, `one` being a single extraction's.

    Fails unless every kind of request occurs that many times.
    """
    numbers: set[Any] = {counted[kind] / one[kind] for kind in EXTRACTION if one.get(kind)}
    assert len(numbers) == 1, (counted, one)
    return float(numbers.pop())
