"""Lists playlists and channels lazily, page by page, without requests for single videos."""

import itertools
from collections.abc import Iterator
from typing import Any

from ytarchive.common.channel_lists import (
    channel_and_tab,
    channel_of_list,
    is_channel_name,
    is_own_list,
    tab_list,
)
from ytarchive.common.errors import SourceGone
from ytarchive.media import Info
from ytarchive.ytdlp.api import ListedEntries
from ytarchive.ytdlp.worker.classifier import classify
from ytarchive.ytdlp.worker.mapping import list_details, playlist_video
from ytarchive.ytdlp.worker.quick_list import YoutubeTabIE

_CHUNK = 100
_YOUTUBE = "https://www.youtube.com"


def list_chunks(ydl: Any, source: str) -> Iterator[ListedEntries]:
    """Yield the entries of a playlist, or a channel by id or name, about a page at a time.

    A channel's entries are those of its playlist of uploads, or of its tab's playlist.
    """
    ydl.add_info_extractor(YoutubeTabIE())
    named = channel_and_tab(source)
    handle = named[0] if named and named[0].startswith("@") else None
    playlist_id = _list_of(ydl, *named) if named else source
    info = _playlist(ydl, playlist_id)
    details = list_details(info)
    details["handle"] = handle or details["handle"]
    entries = (entry for entry in _videos(info.get("entries") or ()))
    start = 0
    while True:
        chunk = list(itertools.islice(entries, _CHUNK))
        if chunk or start == 0:
            videos = [playlist_video(entry, start + n) for n, entry in enumerate(chunk)]
            yield ListedEntries(playlist_id=playlist_id, videos=videos, **details)
        start += len(chunk)
        if len(chunk) < _CHUNK:
            return


def _list_of(ydl: Any, channel: str, tab: str) -> str:
    if not is_channel_name(channel):
        return tab_list(channel, tab)
    channel_id = _list(ydl, f"{_YOUTUBE}/{channel.replace(':', '/')}").get("channel_id")
    if not channel_id:
        raise SourceGone(f"YouTube has no channel {channel}")
    return tab_list(channel_id, tab)


def _playlist(ydl: Any, playlist_id: str) -> Info:
    """Read a playlist; a missing automatic playlist is empty if its channel exists."""
    try:
        return _list(ydl, f"{_YOUTUBE}/playlist?list={playlist_id}")
    except Exception as failure:
        if not is_own_list(playlist_id) or not isinstance(classify(failure), SourceGone):
            raise
    return _list(ydl, f"{_YOUTUBE}/channel/{channel_of_list(playlist_id)}") | {"entries": ()}


def _list(ydl: Any, url: str) -> Info:
    """Return the list's own page; its further pages are read as the entries are."""
    for _ in range(3):
        info: Info = ydl.extract_info(url, download=False, process=False)
        if info.get("_type") not in {"url", "url_transparent"}:
            return info
        url = info["url"]
    raise SourceGone("YouTube repeats pages of the list")


def _videos(entries: Any) -> Iterator[Info]:
    """Yield the videos with an id; channels and lists in a list are left out."""
    for entry in entries:
        if entry and len(entry.get("id") or "") == 11:
            yield entry
