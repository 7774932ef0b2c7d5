"""Lists playlists and channels lazily, page by page, without requests for single videos.

yt-dlp searches for badges, views, dates and owners in each entry, which takes most of its time:
four seconds for 5,000 entries. An archive needs only id, title and length. yt-dlp also searches
each entry for the link to the next page, although only one has it: half a second. So entries are
read here.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from yt_dlp.extractor import youtube

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
from ytarchive.ytdlp.worker.mapping import channel_details, list_details, playlist_video

_CHUNK = 100
_YOUTUBE = "https://www.youtube.com"
_MEMBERS_BADGE = "BADGE_STYLE_TYPE_MEMBERS_ONLY"


class YoutubeTabIE(youtube.YoutubeTabIE):  # type: ignore[misc]  # published without types
    """Replaces yt-dlp's extractor of lists, by using its name."""

    def _extract_video(self, renderer: Info) -> Any:
        """Return an entry of a list. Unusual entries (dead, live, shorts) are left to yt-dlp."""
        return plain_entry(renderer) or super()._extract_video(renderer)

    @classmethod
    def _extract_continuation(cls, renderer: Any) -> Any:
        """Return the request for the next page."""
        return super()._extract_continuation(without_entries(renderer))


def plain_entry(renderer: Info) -> Info | None:
    """Return an entry with id, title and length in seconds, if it has the usual form."""
    video_id, length = renderer.get("videoId"), renderer.get("lengthSeconds")
    title = renderer.get("title")
    runs = title.get("runs") if isinstance(title, dict) else None
    if not isinstance(runs, list) or not video_id or not str(length).isdecimal():
        return None
    text = "".join(str(run.get("text") or "") for run in runs if isinstance(run, dict))
    entry = {"_type": "url", "id": video_id, "title": text, "duration": int(str(length))}
    is_for_members = _MEMBERS_BADGE in str(renderer.get("badges"))
    return entry | ({"availability": "subscriber_only"} if is_for_members else {})


def without_entries(renderer: Any) -> Any:
    """Return a part of a page without the items that have no link to the next page."""
    if not isinstance(renderer, dict):
        return renderer
    items = {
        name: renderer[name]
        for name in ("contents", "items", "rows", "subThreads")
        if isinstance(renderer.get(name), list)
    }
    return renderer | {name: list(filter(_leads_on, found)) for name, found in items.items()}


def _leads_on(item: Any) -> bool:
    return not isinstance(item, dict) or any(key.startswith("continuation") for key in item)


def list_chunks(ydl: Any, source: str) -> Iterator[ListedEntries]:
    """Yield the entries of a playlist, or a channel by id or name, about a page at a time.

    A channel's entries are those of its playlist of uploads, or of its tab's playlist.
    """
    ydl.add_info_extractor(YoutubeTabIE())
    named = channel_and_tab(source)
    handle = named[0] if named and named[0].startswith("@") else None
    playlist_id, channel = _list_of(ydl, *named) if named else (source, {})
    info = _playlist(ydl, playlist_id)
    details = list_details(info) | channel
    details["handle"] = handle or details["handle"]
    # Channels and lists in a list are left out: a video has an id of this length.
    found = info.get("entries") or ()
    entries = (entry for entry in found if entry and len(entry.get("id") or "") == 11)
    start = 0
    while True:
        chunk = list(itertools.islice(entries, _CHUNK))
        if chunk or start == 0:
            videos = [playlist_video(entry, start + n) for n, entry in enumerate(chunk)]
            yield ListedEntries(playlist_id=playlist_id, videos=videos, **details)
        start += len(chunk)
        if len(chunk) < _CHUNK:
            return


def _list_of(ydl: Any, channel: str, tab: str) -> tuple[str, dict[str, str | None]]:
    """Return the playlist of a channel, and details unless a channel's id and a tab are given."""
    is_name = is_channel_name(channel)
    if tab and not is_name:
        return tab_list(channel, tab), {}
    path = channel.replace(":", "/") if is_name else f"channel/{channel}"
    page = _list(ydl, f"{_YOUTUBE}/{path}")
    channel_id = page.get("channel_id")
    if not channel_id:
        raise SourceGone(f"YouTube has no channel {channel}")
    return tab_list(channel_id, tab), channel_details(page)


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
