"""Lists of subscriptions of other programs are read, and OPML is read back equal."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytarchive.common.errors import InvalidRequest
from ytarchive.common.identifiers import parse_playlist_id
from ytarchive.subscriptions import exchange
from ytarchive.subscriptions.exchange import ListedSource, ListForm, SourceList, read_list

ONE, TWO = "UC" + "a" * 22, "UC" + "b" * 22
PLAYLIST = "PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf"
FEED = "https://www.youtube.com/feeds/videos.xml"


def listed(found: SourceList) -> list[tuple[str, str]]:
    return [(each.source, each.title) for each in found.sources]


def refused(found: SourceList) -> dict[int, str]:
    return {each.line: each.reason for each in found.unreadable}


def test_opml_is_read_with_nested_outlines_and_reports_of_other_lines() -> None:
    content = f"""<?xml version="1.0" encoding="UTF-8"?>
    <opml version="1.1"><body>
    <outline text="YouTube Subscriptions" title="YouTube Subscriptions">
    <outline text="One &amp; Co" title="One &amp; Co" type="rss" xmlUrl="{FEED}?channel_id={ONE}"/>
    <outline text="Folder"><outline text="List" xmlUrl="{FEED}?playlist_id={PLAYLIST}"/></outline>
    <outline text="One again" xmlUrl="{FEED}?channel_id={ONE}"/>
    <outline text="A blog" xmlUrl="https://example.com/feed.xml"/>
    <outline text="Nothing"/>
    <OUTLINE TEXT="Old" xmlURL="https://www.youtube.com/feeds/videos.xml?user=films"/>
    </outline></body></opml>""".encode()
    found = read_list(content)
    assert listed(found) == [(ONE, "One & Co"), (PLAYLIST, "List"), ("user:films", "Old")]
    assert list(refused(found)) == [7, 8]
    assert "example.com" in refused(found)[7]
    assert "no address" in refused(found)[8]


@pytest.mark.parametrize(
    "header",
    [
        "Channel Id,Channel Url,Channel Title",
        "Kanal-ID,Kanal-URL,Kanaltitel",
        "チャンネル ID,チャンネルの URL,チャンネルのタイトル",
        '"Ид канала","URL, адрес","Название"',
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_takeout_is_read_in_every_language(header: str, mark: str, end: str) -> None:
    lines = [
        f"{mark}{header}",
        f'{ONE},http://www.youtube.com/channel/{ONE},"One, the first"',
        "",
        f'{TWO},http://www.youtube.com/channel/{TWO},The "Two" Show',
        "UCnothing,http://www.youtube.com/,Nothing",
        f",http://www.youtube.com/channel/{TWO},Again",
        f'{ONE},http://www.youtube.com/channel/{ONE},"a missing quote',
    ]
    found = read_list(end.join(lines).encode())
    assert listed(found) == [(ONE, "One, the first"), (TWO, 'The "Two" Show')]
    assert list(refused(found)) == [5, 7]
    assert "UCnothing" in refused(found)[5]
    assert "no row of a CSV file" in refused(found)[7]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_takeout_saved_by_a_spreadsheet_and_without_header_is_read(delimiter: str) -> None:
    row = delimiter.join([ONE, f"http://www.youtube.com/channel/{ONE}", "One, the first"])
    assert listed(read_list(row.encode())) == [(ONE, "One, the first")]


def test_lines_are_read_with_comments() -> None:
    lines = [
        "# my channels",
        f"https://www.youtube.com/channel/{ONE}/videos#top  # the first",
        "",
        "@films",
        f"  {PLAYLIST}\t# a playlist",
        "films",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "@films",
    ]
    found = read_list("\r\n".join(lines).encode())
    assert listed(found) == [("UULF" + "a" * 22, ""), ("@films", ""), (PLAYLIST, "")]
    assert list(refused(found)) == [6, 7]
    assert all("is not a YouTube playlist or channel" in each for each in refused(found).values())


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf\n \n", b"# nothing"])
def test_empty_list_has_no_sources(content: bytes) -> None:
    assert read_list(content) == SourceList(sources=[], unreadable=[])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<opml><body><outline", "is damaged: "),
        (b"<!DOCTYPE opml><opml/>", "DOCTYPE"),
        (b'<!DOCTYPE o [<!ENTITY a "b">]><o>&a;</o>', "DOCTYPE"),
        (b"<opml>&a;</opml>", "is damaged: "),
        (b"x" * (exchange.MAX_BYTES + 1), "longer than 4 MiB"),
        (b"fish\n" * 2000, "more than 1000 lines .* the first is line 1: 'fish'"),
        ("".join(f"@channel{n}\n" for n in range(10_001)).encode(), "more than 10000 sources"),
    ],
)
def test_damaged_and_too_large_lists_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        read_list(content)


IDS = st.text("abcXYZ019_-", min_size=22, max_size=22)
NAMES = st.sampled_from(
    ["@films", "@日本", "@élan", "c:Films", "user:films", "@films:shorts", "c:a:streams"]
)
SOURCES = st.one_of(
    IDS.map("UC{}".format),
    IDS.map("UU{}".format),
    IDS.map("UUSH{}".format),
    IDS.map("PL{}".format),
    NAMES,
)
LISTS = st.lists(
    st.builds(ListedSource, source=SOURCES, title=st.text()), unique_by=lambda each: each.source
)


@given(LISTS)
def test_written_opml_is_read_back_equal(sources: list[ListedSource]) -> None:
    found = read_list(exchange.write_opml(sources).encode())
    assert found == SourceList(sources=sources, unreadable=[])


@given(SOURCES)
def test_sources_of_the_tests_are_canonical(source: str) -> None:
    assert parse_playlist_id(source) == source


TABLE = st.lists(
    st.text(",;\t\"'\n\r\x00\u2028", max_size=4) | st.sampled_from([ONE, "@films", "URL", "<", "#"])
).map("".join)
OUTLINES = st.lists(
    st.sampled_from(["<outline>", "<outline xmlUrl='@films'>", "</outline>", "<o>", "</o>", "&#0;"])
).map(lambda parts: f"<opml>{''.join(parts)}</opml>")


@given(
    st.binary() | (TABLE | OUTLINES | st.text()).map(str.encode),
    st.none() | st.sampled_from(ListForm),
)
def test_no_input_crashes_the_reader(content: bytes, form: ListForm | None) -> None:
    with suppress(InvalidRequest):
        found = read_list(content, form)
        assert all(each.reason and each.line > 0 for each in found.unreadable)
        assert len({each.source for each in found.sources}) == len(found.sources)
