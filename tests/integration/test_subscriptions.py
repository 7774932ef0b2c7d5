"""Channels followed by real processes and real yt-dlp; the stand-in counts the requests."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, until
from tests.standin import StandInProcess

HANDLE = "@standinfilms"
SOURCES: dict[str, dict[str, object]] = {
    "data_api": {"youtube__api_key": "standin-key"},
    "feed": {},
    "yt-dlp": {},
}
COUNTED = {"feed", "playlist", "browse", "channel", "api:playlistItems", "api:playlists"}


@pytest.fixture
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess("--scenario", "demo") as process:
        yield process


def ytarchive(settings: dict[str, str], *arguments: str) -> tuple[int, Any]:
    """The exit status of a command, and what it printed as JSON."""
    line = [sys.executable, "-m", "ytarchive", *arguments, "--json"]
    ran = subprocess.run(
        line, env=settings, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def upload(youtube: StandInProcess) -> str:
    """Add a video to the channel that is the newest one, and return its id."""
    return str(youtube.ask("/videos", {"title": "A new one"})["id"])


def listed(youtube: StandInProcess) -> list[str]:
    log = youtube.ask("/requests?limit=10000")
    return [entry["kind"] for entry in log if entry["kind"] in COUNTED]


def watched(youtube: StandInProcess) -> set[str]:
    log = youtube.ask("/requests?limit=10000")
    return {entry["video_id"] for entry in log if entry["kind"] == "player"}


@pytest.mark.parametrize("source", SOURCES)
def test_a_new_video_is_found_by_each_source_without_a_server(
    tmp_path: Path, youtube: StandInProcess, source: str
) -> None:
    if source == "yt-dlp":
        youtube.ask("/faults", {"kind": "feed", "status": 500})
    settings = environment(tmp_path / "archive", youtube, server__port=9, **SOURCES[source])
    code, made = ytarchive(settings, "subscribe", HANDLE, "--quality", "360p")
    assert (code, made["source"], made["title"]) == (0, HANDLE, "Stand-in Films")
    code, checked = ytarchive(settings, "subscriptions", "run", HANDLE, "--detach")
    assert (code, checked[0]["last_check"]["outcome"]) == (0, "nothing_new")
    assert watched(youtube) == set()

    youtube.reset()
    _, [unchanged] = ytarchive(settings, "subscriptions", "run", HANDLE, "--detach")
    assert unchanged["last_check"]["source"] == source
    assert unchanged["last_check"]["job_id"] is None
    assert len(listed(youtube)) <= 3

    new = upload(youtube)
    youtube.reset()
    code, job = ytarchive(settings, "subscriptions", "run", HANDLE)
    assert (code, job["status"]) == (0, "COMPLETED")
    assert [each["video_id"] for each in job["results"] if each["status"] == "success"] == [new]
    assert watched(youtube) == {new}
    _, shown = ytarchive(settings, "subscriptions", "show", HANDLE)
    assert shown["last_check"]["source"] == source
    assert shown["next_check"]["reason"]


def test_a_server_checks_a_new_subscription_and_archives_the_newest_videos(
    tmp_path: Path, youtube: StandInProcess
) -> None:
    newest = {upload(youtube), upload(youtube)}
    settings = environment(tmp_path / "archive", youtube)
    with Server(settings) as server:
        asked = {
            "source": HANDLE,
            "first": "newest",
            "newest": 2,
            "options": {"quality": "360p"},
        }
        made = server.post("/subscriptions", asked).data

        def checked() -> dict[str, Any] | None:
            found: dict[str, Any] = server.get(f"/subscriptions/{made['id']}").data
            return found if found["last_check"] else None

        last = until(checked, "the first check")["last_check"]
        job = server.ended(last["job_id"])
        archived = {each["video_id"] for each in job["results"] if each["status"] == "success"}
        assert archived == newest
        [duty] = [each for each in server.get("/schedule").data if each["name"] == "subscriptions"]
        assert (duty["service"], duty["last_error"]) == ("jobs", None)


def test_feeds_that_youtube_limits_pause_all_requests(
    tmp_path: Path, youtube: StandInProcess
) -> None:
    settings = environment(tmp_path / "archive", youtube)
    with Server(settings) as server:
        made = server.post("/subscriptions", {"source": HANDLE}).data
        path = f"/subscriptions/{made['id']}"
        until(lambda: server.get(path).data["last_check"], "the first check")
        youtube.ask("/faults", {"kind": "feed", "status": 429})
        youtube.reset()
        refused = server.post(f"{path}/check")
        assert (refused.status, refused.envelope["error"]["code"]) == (503, "E101")
        state = server.get("/governor").data
        assert (state["state"], state["reason"]) == ("open", "rate_limited")
        again = server.post(f"{path}/check")
        assert (again.status, again.envelope["error"]["code"]) == (503, "E104")
        assert listed(youtube) == ["feed"]


def test_a_check_that_is_killed_loses_nothing_and_fetches_nothing_twice(
    tmp_path: Path, youtube: StandInProcess
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    ytarchive(settings, "subscribe", HANDLE, "--quality", "360p")
    ytarchive(settings, "subscriptions", "run", HANDLE, "--detach")
    new = {upload(youtube)}
    youtube.reset()
    line = [sys.executable, "-m", "ytarchive", "subscriptions", "run", HANDLE]
    for moment in ("/requests?kind=feed", "/requests?kind=player"):
        with subprocess.Popen(line, env=settings, stdout=-3, stderr=-3) as process:
            until(partial(youtube.ask, moment), "the request of the check")
            process.send_signal(signal.SIGKILL)
    ytarchive(settings, "subscriptions", "run", HANDLE)
    _, stored = ytarchive(settings, "storage", "list")
    assert {each["video_id"] for each in stored["items"]} == new
    _, again = ytarchive(settings, "subscriptions", "run", HANDLE, "--detach")
    assert again[0]["last_check"]["outcome"] == "nothing_new"
