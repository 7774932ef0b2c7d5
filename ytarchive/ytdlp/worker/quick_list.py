"""A list's entries, read quickly. Imported in worker processes alone: it imports yt-dlp itself.

yt-dlp looks for badges, views, dates and owners in each entry, and puts most of its time into that:
four seconds for 5,000 entries. An archive needs the id, title and length, which lie open. It looks
in each entry for the way to the next page, too, though only one has it: half a second.
"""

from typing import Any

from yt_dlp.extractor import youtube

from ytarchive.media import Info

_ITEMS = ("contents", "items", "rows", "subThreads")


class YoutubeTabIE(youtube.YoutubeTabIE):  # type: ignore[misc]  # published without types
    """yt-dlp's reader of lists; it goes by its name, and so takes its place."""

    def _extract_video(self, renderer: Info) -> Any:
        """Return an entry of a list. Unusual entries (dead, live, shorts) are left to yt-dlp."""
        return plain_entry(renderer) or super()._extract_video(renderer)

    @classmethod
    def _extract_continuation(cls, renderer: Any) -> Any:
        """How to ask for the next page."""
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
    """Return a part of a page without those of its items that do not lead on."""
    if not isinstance(renderer, dict):
        return renderer
    items = {name: renderer[name] for name in _ITEMS if isinstance(renderer.get(name), list)}
    return renderer | {name: list(filter(_leads_on, found)) for name, found in items.items()}


def _leads_on(item: Any) -> bool:
    return not isinstance(item, dict) or any(key.startswith("continuation") for key in item)
