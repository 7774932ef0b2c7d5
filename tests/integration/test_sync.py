"""Lists listed again by a real server and real yt-dlp; the stand-in counts the requests."""

import hashlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.harness import Server, environment, until
from tests.standin import StandInProcess
from tests.ytdlp_requests import EXTRACTION, is_listing, listing_requests, plain_requests_of_process

SOURCES: dict[str, dict[str, object]] = {
    "data api": {"youtube__api_key": "standin-key"},
    "yt-dlp": {},
}
COUNT = 250


@pytest.fixture
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess("--scenario", "demo") as process:
        yield process


@contextmanager
def serving(base_path: Path, youtube: StandInProcess, source: str) -> Iterator[Server]:
    """A server whose archive has every existing video."""
    for video_id in youtube.ask("/catalogue")["videos"]:
        media = base_path / "videos" / video_id / f"{video_id}.mp4"
        media.parent.mkdir(parents=True)
        media.write_bytes(video_id.encode())
        digest = hashlib.sha256(video_id.encode()).hexdigest()
        (media.parent / "checksums.sha256").write_text(f"{digest}  {media.name}\n")
    settings = environment(base_path, youtube, **SOURCES[source])
    command = [sys.executable, "-m", "ytarchive", "rebuild", "--json"]
    subprocess.run(command, env=os.environ | settings, check=True, capture_output=True)
    with Server(settings) as server:
        yield server


def queue(server: Server, list_id: str) -> str:
    request = {"type": "PLAYLIST_DOWNLOAD", "playlist_id": list_id}
    return str(server.post("/jobs", request).data["id"])


def sync(server: Server, list_id: str) -> dict[str, Any]:
    """A job for a list, once it has ended."""
    return server.ended(queue(server, list_id))


def asked(youtube: StandInProcess) -> list[str]:
    """The kinds of the requests that looked for videos."""
    log = youtube.ask("/requests?limit=10000")
    return [entry["kind"] for entry in log if is_listing(entry["kind"])]


def watched(youtube: StandInProcess) -> set[str]:
    log = youtube.ask("/requests?limit=10000")
    return {entry["video_id"] for entry in log if entry["kind"] in EXTRACTION}


def listed_by_yt_dlp(youtube: StandInProcess, path: str, *options: str) -> int:
    """How many requests plain yt-dlp makes to list an address."""
    arguments = (*options, "--flat-playlist", "-J", f"https://www.youtube.com/{path}")
    return listing_requests(plain_requests_of_process(youtube, *arguments))


@pytest.mark.parametrize("source", SOURCES)
def test_new_videos_of_a_channel_cost_the_requests_of_its_first_two_pages(
    tmp_path: Path, youtube: StandInProcess, source: str
) -> None:
    youtube.ask("/playlists", {"count": COUNT})
    [(channel, handle)] = youtube.ask("/catalogue")["channels"].items()
    uploads = f"playlist?list=UU{channel.removeprefix('UC')}"
    by_api = source == "data api"
    pages = 2 if by_api else listed_by_yt_dlp(youtube, uploads, "-I", "1:200")
    with serving(tmp_path / "archive", youtube, source) as server:
        first = sync(server, channel)
        assert first["progress"]["skipped"] >= COUNT
        for name in (handle, channel):
            new = {youtube.ask("/videos", {})["id"] for _ in range(3)}
            youtube.reset()
            again = sync(server, name)
            assert again["progress"]["succeeded"] == 3
            assert again["progress"]["known"] > COUNT / 2
            assert watched(youtube) == new
            # And one request to find the channel.
            assert len(asked(youtube)) <= pages + 1, asked(youtube)


@pytest.mark.parametrize("source", SOURCES)
def test_other_lists_cost_the_requests_of_one_listing_and_of_new_videos(
    tmp_path: Path, youtube: StandInProcess, source: str
) -> None:
    made = youtube.ask("/playlists", {"count": COUNT})
    # With the Data API: six pages, and each new video is described.
    by_api = source == "data api"
    most = 6 + 2 if by_api else listed_by_yt_dlp(youtube, f"playlist?list={made['id']}")
    with serving(tmp_path / "archive", youtube, source) as server:
        sync(server, made["id"])
        new = [youtube.ask("/videos", {})["id"] for _ in range(2)]
        changed = [new[0], *made["videos"][:200], new[1], *made["videos"][200:]]
        youtube.ask("/playlists", {"id": made["id"], "videos": changed})
        youtube.reset()
        again = sync(server, made["id"])
    assert (again["progress"]["succeeded"], again["progress"]["skipped"]) == (2, COUNT)
    assert watched(youtube) == set(new)
    assert len(asked(youtube)) <= most, (asked(youtube), most)


@pytest.mark.parametrize("source", SOURCES)
def test_a_shrunk_list_waits_until_another_listing_is_complete(
    tmp_path: Path, youtube: StandInProcess, source: str
) -> None:
    made = youtube.ask("/playlists", {"count": COUNT})
    with serving(tmp_path / "archive", youtube, source) as server:
        sync(server, made["id"])
        youtube.ask("/playlists", {"id": made["id"], "videos": made["videos"][:30]})
        job_id = queue(server, made["id"])
        until(lambda: server.get("/governor").data["state"] == "open", "the pause")
        assert server.get("/governor").data["reason"] == "listing_shrank"
        job = server.get(f"/jobs/{job_id}").data
        assert job["progress"]["listing"]
        assert job["progress"]["waiting_reason"] == "listing_shrank"
        assert server.get("/availability").data["items"] == []

        youtube.ask("/playlists", {"id": made["id"], "videos": made["videos"]})
        server.post("/governor/resume")
        assert server.ended(job_id)["progress"]["skipped"] == COUNT


@pytest.mark.parametrize("source", SOURCES)
def test_a_list_that_is_not_newest_first_is_listed_completely(
    tmp_path: Path, youtube: StandInProcess, source: str
) -> None:
    """`UULP` lists a channel's most viewed videos first: a new one is anywhere in it."""
    youtube.ask("/playlists", {"count": COUNT})
    [channel] = youtube.ask("/catalogue")["channels"]
    popular = f"UULP{channel.removeprefix('UC')}"
    with serving(tmp_path / "archive", youtube, source) as server:
        assert sync(server, popular)["progress"]["skipped"] >= COUNT
        new = youtube.ask("/videos", {"views": 1})["id"]
        again = sync(server, popular)
    assert [result["video_id"] for result in again["results"] if result["status"] == "success"] == [
        new
    ]


@pytest.mark.parametrize("source", SOURCES)
def test_a_tab_of_a_channel_queues_the_videos_of_that_tab(
    tmp_path: Path, youtube: StandInProcess, source: str
) -> None:
    made = {
        "videos": youtube.ask("/videos", {})["id"],
        "shorts": youtube.ask("/videos", {"is_short": True})["id"],
        "streams": youtube.ask("/videos", {"was_live": True})["id"],
    }
    [(channel, handle)] = youtube.ask("/catalogue")["channels"].items()
    settings = environment(tmp_path / "archive", youtube, **SOURCES[source])
    with Server(settings) as server:
        for name, (tab, video) in itertools.product((handle, f"channel/{channel}"), made.items()):
            address = f"https://www.youtube.com/{name}/{tab}"
            request = {"type": "METADATA_ONLY", "playlist_id": address}
            job = server.ended(server.post("/jobs", request).data["id"])
            videos = {result["video_id"] for result in job["results"]}
            assert video in videos
            assert not videos & (set(made.values()) - {video})
            listed = server.get(f"/metadata/playlist/{quote(address, '')}").data
            assert {entry["video_id"] for entry in listed["videos"]} == videos


@pytest.mark.parametrize("source", SOURCES)
def test_a_tab_without_videos_is_empty_and_no_failure(
    tmp_path: Path, youtube: StandInProcess, source: str
) -> None:
    [handle] = youtube.ask("/catalogue")["channels"].values()
    with Server(environment(tmp_path / "archive", youtube, **SOURCES[source])) as server:
        job = sync(server, f"https://www.youtube.com/{handle}/shorts")
    assert (job["status"], job["progress"]["total"]) == ("COMPLETED", 0)


def test_filter_of_a_job_is_evaluated_before_any_media(
    tmp_path: Path, youtube: StandInProcess
) -> None:
    """The Data API has dates, and only yt-dlp distinguishes shorts and streams from videos."""
    added = [
        youtube.ask("/videos", {"title": title, **fields})["id"]
        for title, fields in (
            ("Series 1", {}),
            ("Other", {}),
            ("Series 2", {"is_short": True}),
            ("Series 3", {"was_live": True}),
            ("Series 4", {}),
        )
    ]
    [channel] = youtube.ask("/catalogue")["channels"]
    settings = environment(tmp_path / "archive", youtube, **SOURCES["data api"])
    with Server(settings) as server:
        since = server.get(f"/metadata/video/{added[1]}").data["upload_date"]
        youtube.reset()
        wanted = {"since": since, "include_titles": ["series"], "kinds": ["video"]}
        request = {
            "type": "PLAYLIST_DOWNLOAD",
            "playlist_id": channel,
            "options": {"filter": wanted, "quality": "360p"},
        }
        job = server.ended(server.post("/jobs", request).data["id"])
    results = {each["video_id"]: each for each in job["results"]}
    reasons = [results[each]["message"] for each in added[:4]]
    expected = ("before", "matches none", "it is a short", "it is a live")
    assert [word in reason for word, reason in zip(expected, reasons, strict=True)] == [True] * 4
    assert [each for each in results if results[each]["status"] == "success"] == [added[4]]
    assert {each["reason"] for each in results.values()} == {"filtered", None}
    log = youtube.ask("/requests?limit=10000")
    assert {each["video_id"] for each in log if each["kind"] == "media"} == {added[4]}


def filtered_sync(server: Server, channel: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """The results of a job with a filter, by video."""
    options = {"filter": wanted, "quality": "360p"}
    request = {"type": "PLAYLIST_DOWNLOAD", "playlist_id": channel, "options": options}
    job = server.ended(server.post("/jobs", request).data["id"])
    return {each["video_id"]: each for each in job["results"]}


def test_excluded_videos_have_the_rule_and_are_fetched_when_the_rule_changes(
    tmp_path: Path, youtube: StandInProcess
) -> None:
    old = {"api": {"snippet": {"publishedAt": "2010-01-01T00:00:00Z"}}}
    german = {"api": {"snippet": {"defaultAudioLanguage": "de"}}}
    rules = {
        youtube.ask("/videos", {"title": title, **fields})["id"]: rule
        for rule, title, fields in (
            ("exclude_titles", "Trailer 12", {}),
            ("exclude_descriptions", "Film 2", {"description": "Contains a\nSPONSOR message"}),
            ("members_only", "Film 3", {"state": "members_only"}),
            ("max_age_days", "Film 4", old),
            ("languages", "Film 5", german),
            (None, "Film 6", {"description": "No message"}),
        )
    }
    [channel] = youtube.ask("/catalogue")["channels"]
    wanted = {
        "exclude_titles": ["/^trailer \\d+$/"],
        "exclude_descriptions": ["sponsor"],
        "members_only": False,
        "languages": ["en"],
        "max_age_days": 4000,
    }
    with Server(environment(tmp_path / "archive", youtube, **SOURCES["data api"])) as server:
        first = filtered_sync(server, channel, wanted)
        assert {each: first[each]["rule"] for each in rules} == rules
        assert all(first[each]["reason"] == "filtered" for each in rules if rules[each])
        changed = {name: wanted[name] for name in ("members_only", "max_age_days", "languages")}
        second = filtered_sync(server, channel, changed)
        third = filtered_sync(server, channel, changed)
    fetched = [each for each in rules if rules[each] in {"exclude_titles", "exclude_descriptions"}]
    assert {each for each in second if second[each]["status"] == "success"} == set(fetched)
    assert {each["status"] for each in third.values()} <= {"skipped"}
    media = [each["video_id"] for each in youtube.ask("/requests?limit=10000")
             if each["kind"] == "media" and each["video_id"] in rules]  # fmt: skip
    assert set(media) == {*fetched, *(each for each in rules if rules[each] is None)}
