"""Reads the NFO files that other programs write for media servers. Blocks."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from ytarchive.common.identifiers import VIDEO_ID
from ytarchive.common.regular import read_regular
from ytarchive.common.xml_text import read_xml

_LARGEST = 2**20
_OF_VIDEOS = frozenset({"episodedetails", "movie", "musicvideo"})


@dataclass(frozen=True)
class NfoFacts:
    """What an NFO file says about a video; empty for what it does not say."""

    video_id: str = ""
    title: str = ""
    description: str = ""
    channel: str = ""
    aired: datetime | None = None


def read_nfo(path: Path) -> NfoFacts:
    """Return the facts in an NFO file; none of a file that is missing, damaged or of no video."""
    try:
        root = read_xml(read_regular(path, limit=_LARGEST).strip())
    except (OSError, ValueError):
        return NfoFacts()
    return _facts(root) if root.tag in _OF_VIDEOS else NfoFacts()


def _facts(root: ET.Element) -> NfoFacts:
    ids = [each for each in root.findall("uniqueid") if each.get("type", "").lower() == "youtube"]
    video_id = (ids[0].text or "").strip() if ids else ""
    return NfoFacts(
        video_id=video_id if VIDEO_ID.fullmatch(video_id) else "",
        title=_text(root, "title"),
        description=_text(root, "plot"),
        channel=_text(root, "studio", "director", "showtitle"),
        aired=_date(_text(root, "aired", "premiered")),
    )


def _text(root: ET.Element, *names: str) -> str:
    found = ((root.findtext(name) or "").strip() for name in names)
    return next(filter(None, found), "")


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:10]).replace(tzinfo=UTC)
    except ValueError:
        return None
