"""Quickly read entries of lists equal those of yt-dlp, in every state."""

import os
from collections.abc import Iterator

import pytest
import yt_dlp
from yt_dlp.extractor import youtube

from tests.standin import HOSTILE_TITLES, StandInProcess, VideoState
from ytarchive.common.media import PlaylistVideo
from ytarchive.ytdlp.worker import listing
from ytarchive.ytdlp.worker.listing import YoutubeTabIE, plain_entry


@pytest.fixture(scope="module")
def youtube_of_all_states() -> Iterator[tuple[StandInProcess, str]]:
    with StandInProcess("--scenario", "demo") as process:
        known = [{"state": state} for state in VideoState]
        named = [{"title": title} for title in HOSTILE_TITLES]
        videos = [process.ask("/videos", fields)["id"] for fields in [*known, *named, {}]]
        yield process, process.ask("/playlists", {"videos": videos * 4})["id"]


def entries(process: StandInProcess, playlist_id: str) -> list[PlaylistVideo]:
    """What a worker lists."""
    options = {
        "quiet": True,
        "no_warnings": True,
        "proxy": process.proxy_url,
        "compat_opts": {"no-certifi"},
    }
    with yt_dlp.YoutubeDL(options) as ydl:
        chunks = listing.list_chunks(ydl, playlist_id)
        return [video for chunk in chunks for video in chunk.videos]


def test_quickly_read_entries_are_those_of_yt_dlp(
    youtube_of_all_states: tuple[StandInProcess, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, playlist_id = youtube_of_all_states
    monkeypatch.setitem(os.environ, "SSL_CERT_FILE", str(process.ca_file))
    quick = entries(process, playlist_id)
    monkeypatch.setattr(listing, "YoutubeTabIE", youtube.YoutubeTabIE)
    assert quick == entries(process, playlist_id)
    assert len(quick) > 100
    assert {video.is_available for video in quick} == {True, False}
    assert {video.members_only for video in quick} == {True, False}


@pytest.mark.parametrize(
    "odd",
    [{}, {"title": None}, {"title": {"simpleText": "A"}}, {"title": {"runs": "A"}},
     {"lengthSeconds": None}, {"lengthSeconds": "1:00"}, {"videoId": None}],
)  # fmt: skip
def test_unusual_entries_are_left_to_yt_dlp(odd: dict[str, object]) -> None:
    plain = {"videoId": "a" * 11, "title": {"runs": [{"text": "A "}, {"text": "B"}]}}
    found = plain_entry(plain | {"lengthSeconds": "60"} | odd)
    assert (found is None) == bool(odd)
    if found:
        assert (found["title"], found["duration"]) == ("A B", 60)


_COMMAND = {"continuationCommand": {"token": "further"}, "clickTrackingParams": "c"}
_TOKEN = {"continuationItemRenderer": {"continuationEndpoint": _COMMAND}}
_BUTTON = {"continuationItemRenderer": {"button": {"buttonRenderer": {"command": _COMMAND}}}}
_MODEL = {"continuationItemViewModel": {"continuationCommand": {"innertubeCommand": _COMMAND}}}
_ENTRIES = [{"playlistVideoRenderer": {"videoId": "a" * 11}}] * 3


@pytest.mark.parametrize("name", ["contents", "items", "rows", "subThreads"])
@pytest.mark.parametrize("last", [_TOKEN, _BUTTON, _MODEL, {}, None, "text"])
def test_the_next_page_is_found_as_by_yt_dlp(name: str, last: object) -> None:
    part = {name: [*_ENTRIES, last]}
    found = YoutubeTabIE._extract_continuation(part)
    assert found == youtube.YoutubeTabIE._extract_continuation(part)
    assert (found is not None) == (last in (_TOKEN, _BUTTON, _MODEL))


@pytest.mark.parametrize(
    "part",
    [None, [], {}, {"contents": {"a": _TOKEN}}, {"contents": "text"},
     {"continuations": [{"nextContinuationData": {"continuation": "further"}}]}],
)  # fmt: skip
def test_unusual_parts_of_a_page_continue_as_with_yt_dlp(part: object) -> None:
    expected = youtube.YoutubeTabIE._extract_continuation(part)
    assert YoutubeTabIE._extract_continuation(part) == expected
