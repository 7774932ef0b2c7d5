"""The documents of podcast feeds: RSS 2.0 with the elements of Apple's podcast namespace.

Titles are plain text. Descriptions are HTML by the rules of RSS, so the text of a description is
escaped and its lines are separated by `<br>`: markup in it is shown and has no effect.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from ytarchive.common.xml_text import xml_text

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
ATOM = "http://www.w3.org/2005/Atom"
_UNKNOWN_LANGUAGE = "und"

ET.register_namespace("itunes", ITUNES)
ET.register_namespace("atom", ATOM)


@dataclass(frozen=True)
class Enclosure:
    """The media of an episode."""

    url: str
    size: int
    media_type: str


@dataclass(frozen=True)
class Episode:
    """A video in a feed."""

    video_id: str
    title: str
    description: str
    author: str
    published: datetime
    duration: int | None
    image: str | None
    enclosure: Enclosure


@dataclass(frozen=True)
class Show:
    """The heading of a feed."""

    title: str
    description: str
    author: str
    link: str
    own_address: str
    image: str | None = None
    language: str | None = None


def rss(show: Show, episodes: Sequence[Episode]) -> bytes:
    """Return the document of a feed."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _add(channel, "title", show.title)
    _add(channel, "link", show.link)
    _add(channel, "description", _as_html(show.description or show.title))
    _add(channel, "language", show.language or _UNKNOWN_LANGUAGE)
    _add(channel, "generator", "YTArchive")
    own = {"href": show.own_address, "rel": "self", "type": "application/rss+xml"}
    ET.SubElement(channel, f"{{{ATOM}}}link", own)
    _add_itunes(channel, show.author, show.image)
    ET.SubElement(channel, f"{{{ITUNES}}}category", text="TV & Film")
    # Directories of podcasts must not list the feed: its address has a key.
    _add(channel, f"{{{ITUNES}}}block", "Yes")
    for each in episodes:
        _add_item(channel, each)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _add_item(channel: ET.Element, episode: Episode) -> None:
    item = ET.SubElement(channel, "item")
    _add(item, "title", episode.title)
    _add(item, "link", f"https://www.youtube.com/watch?v={episode.video_id}")
    _add(item, "description", _as_html(episode.description))
    ET.SubElement(item, "guid", isPermaLink="false").text = episode.video_id
    _add(item, "pubDate", format_datetime(episode.published, usegmt=True))
    media = episode.enclosure
    ET.SubElement(item, "enclosure", url=media.url, length=str(media.size), type=media.media_type)
    if episode.duration is not None:
        _add(item, f"{{{ITUNES}}}duration", str(episode.duration))
    _add_itunes(item, episode.author, episode.image)


def _add_itunes(element: ET.Element, author: str, image: str | None) -> None:
    if author:
        _add(element, f"{{{ITUNES}}}author", author)
    if image is not None:
        ET.SubElement(element, f"{{{ITUNES}}}image", href=image)
    _add(element, f"{{{ITUNES}}}explicit", "false")


def _add(element: ET.Element, name: str, text: str) -> None:
    ET.SubElement(element, name).text = xml_text(text)


def _as_html(text: str) -> str:
    """Return plain text as HTML."""
    return "<br>".join(html.escape(line, quote=False) for line in text.splitlines())
