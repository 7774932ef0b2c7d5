"""Lists of subscriptions from and for other programs.

Reads OPML, `subscriptions.csv` of Google Takeout, and plain lists of ids and URLs; writes OPML.
"""

import csv
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from io import StringIO
from typing import Annotated
from urllib.parse import quote
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from pydantic import BeforeValidator, Field

from ytarchive.common.channel_lists import channel_and_tab, is_channel_name
from ytarchive.common.errors import InvalidIdentifier, InvalidRequest
from ytarchive.common.identifiers import PlaylistId, parse_playlist_id
from ytarchive.common.models import Model

MAX_BYTES = 4 * 2**20
MAX_SOURCES = 10_000
MAX_UNREADABLE = 1000
_MAX_TITLE = 300
_DELIMITERS = ",;\t"
_YOUTUBE = "https://www.youtube.com"
_COMMENT = re.compile(r"(?:^|\s)#")
_NOT_TEXT = re.compile("[^\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n'


def _clean(title: object) -> object:
    """Return a title in one line, of characters that XML can contain."""
    if not isinstance(title, str):
        return title
    return _NOT_TEXT.sub(" ", title).strip()[:_MAX_TITLE].rstrip()


class ListForm(StrEnum):
    """The form of a list of subscriptions."""

    OPML = "opml"
    TAKEOUT = "takeout"
    """`subscriptions.csv` of Google Takeout."""
    LINES = "lines"
    """One id, @handle or URL per line."""


class ListedSource(Model):
    """A channel or playlist of a list."""

    source: PlaylistId
    title: Annotated[str, BeforeValidator(_clean)] = ""


class UnreadableLine(Model):
    """A line of a list that names no channel or playlist."""

    line: int = Field(description="From 1")
    reason: str


class SourceList(Model):
    """The content of a list: each channel and playlist once, in the list's order."""

    sources: list[ListedSource]
    unreadable: list[UnreadableLine]


def read_list(content: bytes, form: ListForm | None = None) -> SourceList:
    """Return the sources in a list, whose form is recognised if it is not given.

    Raises InvalidRequest for a list that is too large, or damaged as a whole.
    """
    if len(content) > MAX_BYTES:
        raise InvalidRequest(f"the list is longer than {MAX_BYTES // 2**20} MiB; split it")
    text = content.decode("utf-8-sig", "replace")
    reading = _Reading()
    _READERS[form or _form_of(text)](text, reading)
    return SourceList(sources=list(reading.found.values()), unreadable=reading.unreadable)


def write_opml(sources: Iterable[ListedSource]) -> str:
    """Return an OPML file with these sources, which `read_list` and feed readers understand."""
    outlines = "".join(map(_outline, sources))
    head = "<head><title>YouTube subscriptions</title></head>"
    return f"{_HEAD}{head}\n<body>\n{outlines}</body>\n</opml>\n"


class _Reading:
    """The sources and the unreadable lines so far."""

    def __init__(self) -> None:
        self.found: dict[str, ListedSource] = {}
        self.unreadable: list[UnreadableLine] = []

    def add(self, line: int, text: str, title: str = "") -> None:
        """Add the source that a text names, or the line as unreadable."""
        try:
            source = parse_playlist_id(text)
        except InvalidIdentifier as error:
            self.refuse(line, error.message)
            return
        self.found.setdefault(source, ListedSource(source=source, title=title))
        if len(self.found) > MAX_SOURCES:
            raise InvalidRequest(f"the list has more than {MAX_SOURCES} sources; split it")

    def refuse(self, line: int, reason: str) -> None:
        """Add an unreadable line."""
        self.unreadable.append(UnreadableLine(line=line, reason=reason))
        if len(self.unreadable) > MAX_UNREADABLE:
            first = self.unreadable[0]
            raise InvalidRequest(
                f"more than {MAX_UNREADABLE} lines of the list name no channel or playlist; the "
                f"first is line {first.line}: {first.reason}"
            )


def _form_of(text: str) -> ListForm:
    if text.lstrip().startswith("<"):
        return ListForm.OPML
    first = _first_line(text)
    is_table = any(first.count(delimiter) >= 2 for delimiter in _DELIMITERS)
    return ListForm.TAKEOUT if is_table and not _COMMENT.search(first) else ListForm.LINES


def _first_line(text: str) -> str:
    return next((line for line in StringIO(text) if line.strip()), "")


def _read_lines(text: str, reading: _Reading) -> None:
    for number, line in enumerate(StringIO(text), 1):
        if wanted := _COMMENT.split(line, maxsplit=1)[0].strip():
            reading.add(number, wanted)


def _read_takeout(text: str, reading: _Reading) -> None:
    """Read the columns id, URL and title by position: the header is in the user's language."""
    delimiter = max(_DELIMITERS, key=_first_line(text).count)
    is_header = True
    for number, line in enumerate(StringIO(text), 1):
        if not line.strip():
            continue
        try:
            # Line by line: no title has two lines, and a missing quote affects only its own line.
            [row] = csv.reader([line.strip("\r\n")], delimiter=delimiter, strict=True)
        except csv.Error as error:
            reading.refuse(number, f"it is no row of a CSV file: {error}")
            continue
        address = next((each for each in row[:2] if _is_source(each)), None)
        if address is not None or not is_header:
            reading.add(number, address or row[0], row[2] if len(row) > 2 else "")
        is_header = False


def _is_source(text: str) -> bool:
    try:
        return bool(parse_playlist_id(text))
    except InvalidIdentifier:
        return False


def _read_opml(text: str, reading: _Reading) -> None:
    parser = expat.ParserCreate("utf-8")
    is_used: list[bool] = []
    """Of each open outline: whether it has an address, or another outline."""

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.lower() != "outline":
            return
        values = {name.lower(): value for name, value in attributes.items()}
        address = values.get("xmlurl") or values.get("htmlurl") or values.get("url")
        if address:
            title = values.get("title") or values.get("text") or ""
            reading.add(parser.CurrentLineNumber, address, title)
        is_used[-1:] = [True] if is_used else []
        is_used.append(bool(address))

    def end(tag: str) -> None:
        if tag.lower() == "outline" and not is_used.pop():
            reading.refuse(parser.CurrentLineNumber, "the outline has no address (xmlUrl)")

    def refuse_doctype(*_: object) -> None:
        raise InvalidRequest("the OPML file has a DOCTYPE, which is not accepted")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise InvalidRequest(f"the OPML file is damaged: {error}") from None


_READERS: dict[ListForm, Callable[[str, _Reading], None]] = {
    ListForm.OPML: _read_opml,
    ListForm.TAKEOUT: _read_takeout,
    ListForm.LINES: _read_lines,
}


def _outline(listed: ListedSource) -> str:
    title = quoteattr(listed.title)
    found = channel_and_tab(listed.source)
    channel, tab = found or ("", "")
    if is_channel_name(channel):  # a feed needs the id
        name = "/".join(map(quote, [*channel.split(":"), tab] if tab else channel.split(":")))
        attribute, address = "htmlUrl", f"{_YOUTUBE}/{name}"
    else:
        kind = "channel_id" if found else "playlist_id"
        attribute, address = "xmlUrl", f"{_YOUTUBE}/feeds/videos.xml?{kind}={listed.source}"
    return f'<outline type="rss" text={title} title={title} {attribute}={quoteattr(address)}/>\n'
