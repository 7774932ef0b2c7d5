"""Ids and addresses are reduced to ids that are safe anywhere; all else is refused by name."""

import re
import time
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ytarchive.common.channel_lists import is_channel, uploads_playlist
from ytarchive.common.errors import InvalidIdentifier
from ytarchive.common.identifiers import (
    new_id,
    parse_channel,
    parse_playlist_id,
    parse_video_id,
)

NAME = r"(@|c:|user:)[\w.\-·]*"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
WORDS = {"videoseries", "live_stream", "watch_popup", "attribution"}  # of YouTube's addresses
video_ids = st.text(ALPHABET, min_size=11, max_size=11).filter(lambda text: text not in WORDS)
playlist_ids = st.text(ALPHABET, min_size=16, max_size=32).map(lambda tail: f"PL{tail}")
channel_ids = st.text(ALPHABET, min_size=22, max_size=22).map(lambda tail: f"UC{tail}")
hosts = st.sampled_from(["youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com"])
schemes = st.sampled_from(["https://", "http://", "", "HTTPS://"])
forms = st.sampled_from(["/watch?v={}", "/watch?list=PLx&v={}&t=5s", "/shorts/{}", "/live/{}",
                         "/embed/{}?rel=0", "/v/{}", "/watch?v={}#t=1"])  # fmt: skip


@given(video_ids, schemes, hosts, forms)
@example("-----------", "https://", "www.youtube.com", "/watch?v={}")
def test_every_address_of_a_video_gives_its_id(
    video_id: str, scheme: str, host: str, form: str
) -> None:
    assert parse_video_id(video_id) == video_id
    assert parse_video_id(scheme + host + form.format(video_id)) == video_id
    assert parse_video_id(f"  {scheme}youtu.be/{video_id}?si=abc\n") == video_id


@given(playlist_ids, schemes, hosts)
def test_every_address_of_a_playlist_gives_its_id(playlist_id: str, scheme: str, host: str) -> None:
    assert parse_playlist_id(playlist_id) == playlist_id
    assert parse_playlist_id(f"{scheme}{host}/playlist?list={playlist_id}") == playlist_id
    watch = f"{scheme}{host}/watch?v=dQw4w9WgXcQ&list={playlist_id}"
    assert parse_playlist_id(watch) == playlist_id


@given(channel_ids, hosts)
def test_every_address_of_a_channel_gives_it(channel_id: str, host: str) -> None:
    assert parse_channel(f"https://{host}/channel/{channel_id}/videos") == channel_id
    assert parse_playlist_id(f"https://{host}/channel/{channel_id}") == channel_id
    assert is_channel(channel_id)
    assert uploads_playlist(channel_id) == "UU" + channel_id[2:]


@pytest.mark.parametrize("handle", ["@youtube", "@user.name-1", "@東京", "@a·b"])
def test_a_handle_is_a_channel(handle: str) -> None:
    assert parse_channel(handle) == handle
    assert parse_channel(f"https://www.youtube.com/{quote(handle)}/videos") == handle
    assert parse_playlist_id(handle) == handle
    assert is_channel(handle)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://www.youtube.com/c/Films", "c:Films"),
        ("youtube.com/c/Films/featured", "c:Films"),
        ("https://m.youtube.com/user/films?x=1", "user:films"),
    ],
)
def test_older_addresses_of_channels_are_accepted(address: str, name: str) -> None:
    assert parse_channel(address) == parse_channel(name) == name
    assert parse_playlist_id(address) == parse_playlist_id(name) == name
    assert is_channel(name)


def test_a_port_in_an_address_is_ignored() -> None:
    assert parse_video_id("https://www.youtube.com:443/watch?v=dQw4w9WgXcQ") == "dQw4w9WgXcQ"
    assert parse_channel("http://youtube.com:80/@youtube") == "@youtube"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "short",
        "dQw4w9WgXcQQ",
        "dQw4w9WgXc!",
        "dQw4w9WgXc\n",
        "\uff44Qw4w9WgXcQ",
        "\x00",
        "../../../etc",
        "https://evil.com/watch?v=dQw4w9WgXcQ",
        "https://youtube.com:443@evil.com/watch?v=dQw4w9WgXcQ",
        "https://evil.com:443/youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtube.com.evil.com/watch?v=dQw4w9WgXcQ",
        "https://youtube.com@evil.com/watch?v=dQw4w9WgXcQ",
        "https://evil.com/youtu.be/dQw4w9WgXcQ",
        "http://127.0.0.1/watch?v=dQw4w9WgXcQ",
        "http://[::1/watch?v=dQw4w9WgXcQ",
        "file:///dQw4w9WgXcQ",
        "javascript:dQw4w9WgXcQ",
        "https://www.youtube.com/watch",
        "https://www.youtube.com/watch?v=",
        "https://www.youtube.com/shorts/../../x",
        "https://youtu.be/",
        "https://youtu.be/" + "a" * 5000,
    ],
)
def test_anything_else_is_no_video(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="is not a YouTube video id or address") as refused:
        parse_video_id(text)
    assert len(refused.value.message) < 400


@given(st.text(max_size=300))
def test_accepted_ids_are_safe_in_paths_and_refused_ones_have_a_reason(text: str) -> None:
    for parse, safe in (
        (parse_video_id, r"[A-Za-z0-9_-]{11}"),
        (parse_playlist_id, rf"[A-Za-z0-9_-]+|{NAME}(:(videos|shorts|streams))?"),
        (parse_channel, rf"UC[A-Za-z0-9_-]{{22}}|{NAME}"),
    ):
        try:
            parsed = parse(text)
        except InvalidIdentifier:
            continue
        assert re.fullmatch(safe, _without_marks(parsed))
        assert parse(parsed) == parsed


def _without_marks(name: str) -> str:
    return "".join(c for c in name if not unicodedata.category(c).startswith("M")) or "@"


def test_new_ids_are_unique_and_sort_by_the_time_they_were_made() -> None:
    first = [new_id() for _ in range(1000)]
    time.sleep(0.002)  # uuid7 counts milliseconds
    later = new_id()
    assert len(set(first)) == 1000
    assert max(first) < later
