"""Reads YouTube's Atom feed of a channel or playlist (`feeds/videos.xml`).

The feed is a hint: it has at most 15 videos, and an empty or failed feed proves nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from ytarchive.common.channel_lists import is_channel
from ytarchive.common.identifiers import VIDEO_ID
from ytarchive.metadata.api import FeedEntry

MAX_BYTES = 1024 * 1024
_MAX_ENTRIES = 100
_MAX_TITLE = 500
_ATOM, _YT = "{http://www.w3.org/2005/Atom}", "{http://www.youtube.com/xml/schemas/2015}"


class UnreadableFeed(Exception):
    """The answer is no feed of YouTube; the message gives the reason."""


@dataclass(frozen=True)
class Feed:
    """A feed: its channel and its videos, in the feed's order."""

    channel_id: str | None
    title: str
    entries: tuple[FeedEntry, ...]


def parse_feed(content: bytes) -> Feed:
    """Return the feed in an answer of YouTube. Raises UnreadableFeed."""
    root = _root(content)
    if root.tag != f"{_ATOM}feed":
        raise UnreadableFeed("the answer is XML, but no Atom feed")
    found = root.findall(f"{_ATOM}entry")
    if len(found) > _MAX_ENTRIES:
        raise UnreadableFeed(f"the feed has more than {_MAX_ENTRIES} entries")
    entries = [_entry(each) for each in found]
    if len({each.video_id for each in entries}) < len(entries):
        raise UnreadableFeed("the feed has a video twice")
    return Feed(_channel(root), _text(root, f"{_ATOM}title"), tuple(entries))


def _root(content: bytes) -> ET.Element:
    if len(content) > MAX_BYTES:
        raise UnreadableFeed(f"the answer is longer than {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFeed("the answer is not in UTF-8") from None
    # Entities can be declared only here. A declared encoding has no effect on decoded text.
    if "<!DOCTYPE" in text:
        raise UnreadableFeed("the answer has a DOCTYPE, which no feed has")
    try:
        return ET.fromstring(text)  # noqa: S314  # without DOCTYPE, and limited in size
    except ET.ParseError as error:
        raise UnreadableFeed(f"the answer is not XML: {error}") from None


def _entry(found: ET.Element) -> FeedEntry:
    video_id = _text(found, f"{_YT}videoId")
    if not VIDEO_ID.fullmatch(video_id):
        raise UnreadableFeed(f"the feed has an entry without a video id: {video_id[:40]!r}")
    published = _moment(_text(found, f"{_ATOM}published"))
    title = _text(found, f"{_ATOM}title")
    return FeedEntry(video_id=video_id, title=title, published_at=published)


def _moment(text: str) -> datetime:
    """Return a time with its time zone, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UnreadableFeed(f"the feed has an entry without a time of publication: {text[:40]!r}")


def _channel(root: ET.Element) -> str | None:
    """Return the channel's id; YouTube writes it without `UC` in some feeds."""
    text = _text(root, f"{_YT}channelId")
    channel_id = text if text.startswith("UC") and len(text) == 24 else f"UC{text}"
    return channel_id if is_channel(channel_id) else None


def _text(parent: ET.Element, tag: str) -> str:
    return (parent.findtext(tag) or "").strip()[:_MAX_TITLE]
