"""Reads captions in YouTube's XML formats (srv1, srv2, srv3) and in TTML."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

from ytarchive.common.xml_text import read_xml

_CLOCK = re.compile(r"(\d{1,4}):(\d\d):(\d\d(?:\.\d{1,9})?)", re.ASCII)
_OFFSET = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(h|m|s|ms)", re.ASCII)
_MS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


class Shown(NamedTuple):
    """A text and when it is shown, in milliseconds."""

    begin: float
    end: float
    text: str


def shown_texts(content: bytes) -> Iterator[Shown]:
    """Yield the texts of a document, their lines separated by line breaks. Raises ValueError."""
    root = read_xml(content)
    is_ttml = _name(root) == "tt"
    for element in root.iter():
        found = None
        if is_ttml and _name(element) == "p":
            found = _of_ttml(element)
        elif not is_ttml and element.tag in {"p", "text"}:
            found = _of_youtube(element)
        if found is not None:
            yield found


def _of_ttml(element: ET.Element) -> Shown | None:
    begin, end, lasts = (_time(element.get(name, "")) for name in ("begin", "end", "dur"))
    if begin is None or (end is None and lasts is None):
        return None
    for each in element.iter():  # only `br` breaks a line
        each.text = "\n" if _name(each) == "br" else _in_one_line(each.text)
        each.tail = _in_one_line(each.tail)
    text = "".join(element.itertext())
    return Shown(begin, end if end is not None else begin + (lasts or 0), text)


def _in_one_line(text: str | None) -> str | None:
    return text and text.replace("\n", " ")


def _of_youtube(element: ET.Element) -> Shown:
    """Return an element with its times: `t` and `d` in milliseconds, `start` and `dur` in seconds.

    YouTube escapes the text of `text` elements twice.
    """
    text = "".join(element.itertext())
    if element.tag == "text":
        text = html.unescape(text)
    begin, lasts, unit = element.get("t"), element.get("d"), 1.0
    if begin is None:
        begin, lasts, unit = element.get("start"), element.get("dur"), 1000.0
    start = float(begin or 0) * unit
    return Shown(start, start + float(lasts or 0) * unit, text)


def _time(text: str) -> float | None:
    if clock := _CLOCK.fullmatch(text):
        return (int(clock[1]) * 3600 + int(clock[2]) * 60) * 1000 + float(clock[3]) * 1000
    if offset := _OFFSET.fullmatch(text):
        return float(offset[1]) * _MS[offset[2]]
    return None


def _name(element: ET.Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]
