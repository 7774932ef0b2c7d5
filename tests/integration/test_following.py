"""The same playlist archived every night, as by cron: no server, real yt-dlp, the stand-in."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import environment
from tests.standin import StandInProcess

STATES = ("private", "deleted", "members_only", "geo_blocked", "unavailable", "upcoming", "ok")
COOKIES = "# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t4102444800\tSAPISID\t{}\n"


@pytest.fixture
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess() as process:
        yield process


def ytarchive(settings: dict[str, str], *arguments: str) -> tuple[int, Any]:
    """The exit status of a command, and what it printed as JSON."""
    line = [sys.executable, "-m", "ytarchive", *arguments, "--json"]
    ran = subprocess.run(
        line, env=settings, capture_output=True, text=True, timeout=120, check=False
    )
    return ran.returncode, json.loads(ran.stdout)


def requests(youtube: StandInProcess, videos: dict[str, str]) -> dict[str, int]:
    """How many requests each video has had, by its state."""
    return {
        state: len(youtube.ask(f"/requests?video_id={video}")) for state, video in videos.items()
    }


def test_later_runs_request_only_what_is_due(youtube: StandInProcess, tmp_path: Path) -> None:
    videos = {state: youtube.ask("/videos", {"state": state})["id"] for state in STATES}
    playlist = youtube.ask("/playlists", {"videos": [*videos.values()]})["id"]
    cookies = tmp_path / "cookies.txt"
    cookies.write_text(COOKIES.format("first"))
    settings = environment(
        tmp_path / "archive", youtube, server__port=9, network__cookies_file=cookies
    )
    nights, seen = [], [requests(youtube, videos)]
    for night in range(3):
        if night == 2:
            cookies.write_text(COOKIES.format("second"))
        nights.append(ytarchive(settings, "playlist", playlist, "--quality", "360p"))
        seen.append(requests(youtube, videos))
    _, plans = ytarchive(settings, "workplan")
    _, jobs = ytarchive(settings, "jobs", "list")

    assert [code for code, _ in nights] == [1, 0, 0]
    assert {job["status"] for job in jobs["items"]} == {"COMPLETED"}
    [plan] = plans["items"]
    assert (plan["playlist_id"], plan["unavailable"]) == (playlist, len(STATES) - 1)
    assert seen[1] == seen[2]
    renewed = {state for state in STATES if seen[3][state] > seen[2][state]}
    assert renewed == {"private", "members_only"}
    [early] = [r for r in nights[1][1]["results"] if r["video_id"] == videos["upcoming"]]
    assert (early["status"], early["error_code"], early["attempts"]) == ("unavailable", "E120", 0)
    assert early["retry_after"]
