"""Reads a list's entries quickly. Imported only in worker processes, because it imports yt-dlp.

yt-dlp searches for badges, views, dates and owners in each entry, which takes most of its time:
four seconds for 5,000 entries. An archive needs only id, title and length. yt-dlp also searches
each entry for the link to the next page, although only one has it: half a second.
"""

from typing import Any

from yt_dlp.extractor import youtube

from ytarchive.media import Info


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
    return {"_type": "url", "id": video_id, "title": text, "duration": int(str(length))}


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
