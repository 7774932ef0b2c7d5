"""The rules of RSS 2.0 and of Apple's podcast namespace, as their documents state them."""

import io
import re
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import podcastparser

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA_TYPE = re.compile(r"(audio|video)/[a-z0-9.+-]+")


def parsed(document: bytes, address: str) -> dict[str, Any]:
    """Return a feed as the podcast client gPodder reads it, after the rules were checked."""
    _require_rules(ET.fromstring(document), address)
    found: dict[str, Any] = podcastparser.parse(address, io.BytesIO(document))
    return found


def _require_rules(root: ET.Element, address: str) -> None:
    assert (root.tag, root.get("version"), len(root)) == ("rss", "2.0", 1)
    [channel] = root
    for name in ("title", "link", "description", "language", f"{ITUNES}explicit"):
        assert [bool((each.text or "").strip()) for each in channel.findall(name)] == [True], name
    assert (channel.findtext("language") or "").isascii()
    assert channel.findtext(f"{ITUNES}explicit") in {"true", "false"}
    assert channel.findtext(f"{ITUNES}block") == "Yes"
    assert [each.get("text") for each in channel.findall(f"{ITUNES}category")] == ["TV & Film"]
    [own] = channel.findall(f"{ATOM}link")
    kind = "application/rss+xml"
    assert own.attrib == {"href": address, "rel": "self", "type": kind}
    items = channel.findall("item")
    for item in items:
        _require_item(item)
    dates = [parsedate_to_datetime(item.findtext("pubDate") or "") for item in items]
    assert dates == sorted(dates, reverse=True)
    ids = [item.findtext("guid") for item in items]
    assert len(set(ids)) == len(ids)
    for image in root.iter(f"{ITUNES}image"):
        assert urlsplit(image.get("href", "")).path.endswith((".jpg", ".png"))


def _require_item(item: ET.Element) -> None:
    for name in ("title", "link", "guid", "pubDate", "enclosure", f"{ITUNES}explicit"):
        assert len(item.findall(name)) == 1, name
    assert (item.findtext("title") or "").strip()
    guid, enclosure = item.find("guid"), item.find("enclosure")
    assert guid is not None
    assert enclosure is not None
    assert guid.attrib == {"isPermaLink": "false"}
    assert set(enclosure.attrib) == {"url", "length", "type"}
    assert int(enclosure.attrib["length"]) > 0
    assert MEDIA_TYPE.fullmatch(enclosure.attrib["type"])
    assert re.search(r"/[A-Za-z0-9_-]{11}\.[a-z0-9]{2,4}$", enclosure.attrib["url"])
    duration = item.findtext(f"{ITUNES}duration")
    assert duration is None or duration.isdigit()
