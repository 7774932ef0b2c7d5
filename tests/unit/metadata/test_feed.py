"""YouTube's feeds are read, and everything else is refused with its reason."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin.catalogue import Catalogue
from tests.standin.feeds import feed as written_feed
from tests.standin.scenarios import demo
from ytarchive.common.identifiers import VIDEO_ID
from ytarchive.metadata.feed import MAX_BYTES, Feed, UnreadableFeed, parse_feed

CHANNEL = "UC" + "c" * 22
NAMES = 'xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns="http://www.w3.org/2005/Atom"'


def entry(video_id: str = "dQw4w9WgXcQ", published: str = "2026-01-02T03:04:05+02:00") -> str:
    return (
        f"<entry><yt:videoId>{video_id}</yt:videoId><title>A &amp; B</title>"
        f"<published>{published}</published></entry>"
    )


def document(*entries: str, channel: str = CHANNEL, start: str = "") -> bytes:
    text = f"<yt:channelId>{channel}</yt:channelId><title>Films</title>{''.join(entries)}"
    return f'<?xml version="1.0" encoding="UTF-8"?>{start}<feed {NAMES}>{text}</feed>'.encode()


def test_feed_has_channel_and_videos_with_their_times_in_utc() -> None:
    found = parse_feed(document(entry(), entry("bbbbbbbbbbb", "2026-01-01T00:00:00+00:00")))
    assert (found.channel_id, found.title) == (CHANNEL, "Films")
    first, second = found.entries
    assert (first.video_id, first.title) == ("dQw4w9WgXcQ", "A & B")
    assert first.published_at == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert first.published_at.utcoffset() == timedelta()
    assert second.video_id == "bbbbbbbbbbb"


@pytest.mark.parametrize(("written", "read"), [("c" * 22, CHANNEL), ("", None), ("@films", None)])
def test_channel_is_read_with_and_without_its_prefix(written: str, read: str | None) -> None:
    assert parse_feed(document(channel=written)).channel_id == read


def test_feed_of_the_stand_in_is_read() -> None:
    demo(catalogue := Catalogue())
    channel = next(iter(catalogue.channels.values()))
    found = parse_feed(written_feed(catalogue, channel.id, "") or b"")
    assert (found.channel_id, found.title) == (channel.id, channel.title)
    assert len(found.entries) > 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not XML"),
        (b"<html><body>Before you continue</body></html>", "no Atom feed"),
        (b"<!doctype html><html>", "not XML"),
        (document()[:-10], "not XML"),
        (document(start="<!DOCTYPE feed>"), "DOCTYPE"),
        (document(entry(), start='<!DOCTYPE f [<!ENTITY a "aaaa">]>'), "DOCTYPE"),
        (document(entry().replace("A &amp; B", "&lol;")), "not XML"),
        (document().decode().encode("utf-16"), "not in UTF-8"),
        (b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4-', "not XML"),
        (document(entry("../../../etc")), "without a video id"),
        (document(entry("dQw4w9WgXcQ&amp;")), "without a video id"),
        (document(entry("")), "without a video id"),
        (document(entry(published="")), "without a time of publication"),
        (document(entry(published="2026-01-02T03:04:05")), "without a time of publication"),
        (document(entry(published="0001-01-01T00:00:00+14:00")), "without a time"),
        (document(entry(), entry()), "a video twice"),
        (document(*(entry(f"{number:011}") for number in range(101))), "more than 100"),
        (b" " * (MAX_BYTES + 1), "longer than"),
    ],
)
def test_anything_else_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFeed, match=reason):
        parse_feed(content)


def test_deeply_nested_document_is_refused() -> None:
    depth = MAX_BYTES // 7
    with pytest.raises(UnreadableFeed, match="no Atom feed"):
        parse_feed(b"<b>" * depth + b"</b>" * depth)


def is_sound(found: Feed) -> bool:
    return all(
        VIDEO_ID.fullmatch(each.video_id) and each.published_at.tzinfo is UTC
        for each in found.entries
    )


PARTS = st.sampled_from(
    ["<entry>", "</entry>", "<yt:videoId>", "</yt:videoId>", "dQw4w9WgXcQ", "<published>", "&amp;",
     "</published>", "2026-01-01T00:00:00Z", "<title>", "</title>", "\x00", "&#1;", "<![CDATA[",
     "<!--", "<?xml ?>", "\ud7ff"]
)  # fmt: skip


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_no_input_crashes_the_parser(content: bytes) -> None:
    with suppress(UnreadableFeed):
        assert is_sound(parse_feed(content))


@given(st.lists(PARTS | st.text(max_size=5), max_size=12).map("".join))
def test_no_content_of_a_feed_crashes_the_parser(inside: str) -> None:
    with suppress(UnreadableFeed):
        assert is_sound(parse_feed(document(inside)))


@given(st.integers(0), st.binary(max_size=3), st.integers(0, 5))
def test_no_damage_of_a_feed_crashes_the_parser(at: int, inserted: bytes, removed: int) -> None:
    whole = document(entry(), entry("bbbbbbbbbbb"))
    at %= len(whole)
    with suppress(UnreadableFeed):
        assert is_sound(parse_feed(whole[:at] + inserted + whole[at + removed :]))
