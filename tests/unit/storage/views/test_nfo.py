"""The NFO files: well-formed for every title, with the elements that the four servers read."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin.hostile import HOSTILE_TITLES
from tests.unit.storage.samples import VIDEO, metadata
from ytarchive.common.channel_lists import VideoKind
from ytarchive.common.media import ChannelMetadata
from ytarchive.storage.views import nfo

CHANNEL_ID = "UCuAXFkgsw1L7xaCfnd5JJOw"
PLACE = nfo.EpisodeNumber(season=2009, episode=102501, show="A channel")
STORED = datetime(2026, 11, 28, 9, 30, 5, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Includes lone surrogates, controls and noncharacters."""
CONTROLS = "".join(map(chr, range(32))) + "\x7f\x85\ufffe\uffff\ud800"

_KODI = {"title", "plot", "aired", "runtime", "dateadded", "genre", "studio", "uniqueid"}
_JELLYFIN = {*_KODI, "season", "episode", "showtitle", "premiered", "year", "lockdata"}
READ_BY = {"Jellyfin": _JELLYFIN, "Emby": _JELLYFIN, "Kodi": _KODI, "Plex": _KODI}
"""Elements of an episode that each server reads.

- Jellyfin: `MediaBrowser.XbmcMetadata/Parsers/BaseNfoParser.cs` and `EpisodeNfoParser.cs`
  (commit 00088c29). `runtime` is in minutes; `aired` has the format `yyyy-MM-dd`; any `type` of
  `uniqueid` becomes a provider id; `lockdata` is true only for the text "true"; `year` counts from
  1851; `genre` is split at `/`.
- Kodi: kodi.wiki/view/NFO_files/Episodes. Required: `episodedetails`, `title`. Season and episode
  are read from the file name. Artwork in files of the same name needs no element `thumb`.
- Emby: the format of Jellyfin, which began as a copy of Emby's source.
- Plex, agent "Plex NFO Series": support.plex.tv/articles/using-nfo-metadata-files-with-plex, "the
  widely used Kodi/XBMC NFO format"; no music.
"""
ROOTS = {
    "tvshow": "tvshow",
    "season": "season",
    "episode": "episodedetails",
    "artist": "artist",
    "album": "album",
}
"""The root element of each document, by its golden file; the same for all four servers."""


def channel(title: str = "A channel", description: str = "") -> ChannelMetadata:
    return ChannelMetadata(
        channel_id=CHANNEL_ID,
        title=title,
        description=description,
        uploads_playlist_id="UUuAXFkgsw1L7xaCfnd5JJOw",
        fetched_at=STORED,
    )


def elements(document: bytes) -> dict[str | None, str | None]:
    return {each.tag: each.text for each in ET.fromstring(document)}


def require_well_formed(text: str) -> None:
    """Put a text into every element of every document, and parse the documents."""
    video = metadata().model_copy(
        update={"title": text, "channel_title": text, "description": text}
    )
    named = channel().model_copy(update={"title": text, "description": text})
    place = nfo.EpisodeNumber(season=2009, episode=1, show=text)
    documents = [
        nfo.series(named, STORED.date()),
        nfo.season(2009, text),
        nfo.episode(video, place, STORED),
        nfo.artist(named),
        nfo.album(text, text, 2009),
    ]
    assert all(elements(document)["lockdata"] == "true" for document in documents)


@given(ANY_TEXT)
def test_every_document_is_well_formed_for_every_text(text: str) -> None:
    require_well_formed(text)


@given(ANY_TEXT)
def test_documents_are_written_as_the_library_for_xml_writes_them(text: str) -> None:
    video = metadata().model_copy(update={"title": text, "description": text})
    written = nfo.episode(video, PLACE, STORED)
    parsed = ET.fromstring(written.replace(b"\r", b"&#13;"))  # a parser reads CR as LF
    assert ET.tostring(parsed, encoding="utf-8", xml_declaration=True) + b"\n" == written


@pytest.mark.parametrize("title", [CONTROLS, "]]>&amp;<a href='\"'>", *HOSTILE_TITLES])
def test_every_document_is_well_formed_for_hostile_titles(title: str) -> None:
    require_well_formed(title)


def test_text_keeps_every_character_that_xml_can_contain() -> None:
    title = "Tab\tand 漢字 \U0001f468\u200d\U0001f469 <b>&amp;</b> \u202egpj ]]>"
    document = nfo.episode(metadata(title=title + "\x00\x1b\ufffe"), PLACE, STORED)
    assert elements(document)["title"] == title


@pytest.mark.parametrize("title", ["", "  ", "\x00\x01", "\ufffe", "\u200d", "\u3164"])
def test_video_without_a_visible_title_has_its_id_as_title(title: str) -> None:
    assert elements(nfo.episode(metadata(title=title), PLACE, None))["title"] == VIDEO


def documents() -> dict[str, bytes]:
    about = channel("Films & more", "About <films>")
    return {
        "tvshow": nfo.series(about, STORED.date()),
        "season": nfo.season(2009, "2009"),
        "episode": nfo.episode(metadata(title='A "title" & <more>'), PLACE, STORED),
        "artist": nfo.artist(about),
        "album": nfo.album("Music 2009", "Films & more", 2009),
    }


@pytest.mark.parametrize("name", ROOTS)
def test_documents_are_as_the_golden_files(name: str) -> None:
    golden = (Path(__file__).parent / "golden" / f"{name}.nfo").read_bytes()
    assert documents()[name] == golden
    assert ET.fromstring(golden).tag == ROOTS[name]


@pytest.mark.parametrize("server", READ_BY)
def test_episode_has_the_elements_that_a_server_reads(server: str) -> None:
    assert set(elements(documents()["episode"])) >= READ_BY[server]


def test_values_have_the_forms_that_servers_read() -> None:
    found = elements(nfo.episode(metadata(), PLACE, STORED))
    assert (found["season"], found["episode"]) == ("2009", "102501")
    assert (found["aired"], found["year"], found["runtime"]) == ("2009-10-25", "2009", "4")
    assert (found["dateadded"], found["showtitle"]) == ("2026-11-28 09:30:05", "A channel")


def test_unknown_values_are_left_out() -> None:
    unknown = {"upload_date": None, "duration": None, "description": "", "channel_title": ""}
    document = nfo.episode(metadata().model_copy(update=unknown), PLACE, None)
    assert not {"aired", "year", "runtime", "plot", "studio", "dateadded"} & set(elements(document))


def test_a_short_video_lasts_one_minute_and_is_tagged() -> None:
    video = metadata().model_copy(update={"duration": 9, "kind": VideoKind.SHORT})
    found = elements(nfo.episode(video, PLACE, None))
    assert (found["runtime"], found["tag"]) == ("1", "short")


def test_ids_of_video_and_channel_are_unique_ids_of_youtube() -> None:
    documents = {
        VIDEO: nfo.episode(metadata(), PLACE, None),
        CHANNEL_ID: nfo.series(channel(), None),
    }
    for value, document in documents.items():
        [unique] = ET.fromstring(document).iter("uniqueid")
        assert unique.attrib == {"type": "youtube", "default": "true"}
        assert unique.text == value
