"""Refreshes of stored videos by real processes and real yt-dlp; the stand-in counts requests."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, until
from tests.standin import StandInProcess

TRANSLATION = {"title": "A film", "description": "A line"}


def ytarchive(settings: dict[str, str], *arguments: str) -> Any:
    """What a successful command printed as JSON."""
    line = [sys.executable, "-m", "ytarchive", *arguments, "--json"]
    ran = subprocess.run(
        line, env=settings, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def make_due(base: Path) -> None:
    """Let the refresh of every stored video be due."""
    with closing(sqlite3.connect(base / ".ytarchive/library.db")) as library:
        library.execute("UPDATE videos SET refresh_at = 1 WHERE media_path NOTNULL")
        library.commit()


def stored(youtube: StandInProcess, settings: dict[str, str], *videos: dict[str, Any]) -> list[str]:
    """Archive new videos, and return their ids."""
    ids = [youtube.ask("/videos", {"title": "Ein Film"} | each)["id"] for each in videos]
    ytarchive(settings, "download", *ids, "--quality", "360p", "--no-captions")
    youtube.reset()
    return ids


def asked(youtube: StandInProcess, kind: str) -> list[str]:
    return [each["video_id"] for each in youtube.ask(f"/requests?kind={kind}&limit=1000")]


@pytest.mark.parametrize("key", ["key", None])
def test_due_videos_are_refreshed_by_each_source_and_losses_are_listed(
    youtube: StandInProcess, tmp_path: Path, key: str | None
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    if key is not None:
        settings["YOUTUBE_API_KEY"] = key
    in_german = {"description": "Eine Zeile", "translation": TRANSLATION}
    edited, private, emptied, translated = stored(
        youtube, settings, {"description": "One\nTwo"}, {}, {"description": "Text"}, in_german
    )
    make_due(tmp_path / "archive")
    change = {"title": "Anders", "description": "One\nThree", "views": 2000}
    youtube.ask(f"/videos/{edited}", change)
    youtube.ask(f"/videos/{private}", {"state": "private"})
    youtube.ask(f"/videos/{emptied}", {"description": ""})
    youtube.ask(f"/videos/{translated}", {"undescribed": True})
    report = ytarchive(settings, "refresh")
    assert {each["video_id"]: each["outcome"] for each in report["refreshed"]} == {
        edited: "changed",
        private: "unavailable",
        emptied: "incomplete",
        translated: "unchanged",
    }
    assert report["waiting_for"] is None
    every = {edited, private, emptied, translated}
    assert set(asked(youtube, "player")) == ({private} if key else every)
    assert len(asked(youtube, "api:videos")) == (1 if key else 0)
    found = ytarchive(settings, "history", edited)
    assert [each["title"] for each in found["versions"]] == ["Ein Film", "Anders"]
    assert "-Two\n+Three" in found["versions"][1]["changes"][1]["diff"]
    assert found["counts"][-1]["views"] == 2000
    [lost] = ytarchive(settings, "history", "--lost")["items"]
    assert (lost["video_id"], lost["reason"], lost["title"]) == (private, "private", "Ein Film")
    texts = [described(tmp_path, each) for each in (emptied, translated)]
    assert texts == [("Ein Film", "Text"), ("Ein Film", "Eine Zeile")]


def described(base: Path, video: str) -> tuple[str, str]:
    """The stored title and description of a video."""
    kept = json.loads((base / f"archive/metadata/videos/{video}.json").read_text())
    return kept["title"], kept["description"]


def test_comments_are_refreshed_and_deleted_ones_are_kept_and_marked(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    video = youtube.ask("/videos", {"title": "Discussed", "comments": 30})["id"]
    wanted = ("--quality", "360p", "--no-captions", "--comments", "--max-comments", "0")
    ytarchive(settings, "download", video, *wanted)
    file = tmp_path / f"archive/videos/{video}/{video}.comments.json"

    def comments() -> dict[str, bool]:
        """The texts of the stored comments, and whether each is marked."""
        found = json.loads(file.read_text())["comments"]
        return {each["text"]: "missing_since" in each for each in found}

    before = comments()
    assert (len(before), any(before.values())) == (30, False)
    youtube.ask(f"/videos/{video}", {"comments": 25})
    youtube.reset()
    assert len(ytarchive(settings, "refresh", video)["refreshed"]) == 1
    assert len(asked(youtube, "watch")) == 1
    marked = comments()
    assert (marked.keys(), sum(marked.values())) == (before.keys(), 5)
    youtube.ask(f"/videos/{video}", {"comments": 32})
    ytarchive(settings, "refresh", video)
    assert (len(comments()), any(comments().values())) == (32, False)


def test_a_bot_check_ends_refreshes_and_loses_nothing(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    [video] = stored(youtube, settings, {"state": "ok"})
    make_due(tmp_path / "archive")
    youtube.ask(f"/videos/{video}", {"state": "bot_check"})
    report = ytarchive(settings, "refresh")
    assert (report["refreshed"], "bot" in report["waiting_for"]) == ([], True)
    youtube.reset()
    assert "paused" in ytarchive(settings, "refresh")["waiting_for"]
    assert asked(youtube, "player") == []
    assert ytarchive(settings, "history", "--lost")["items"] == []


def test_a_killed_server_repeats_only_the_refresh_that_was_active(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    settings = environment(tmp_path / "archive", youtube)
    videos = stored(youtube, settings, {}, {}, {}, {})
    make_due(tmp_path / "archive")
    for video in videos:
        youtube.ask(f"/videos/{video}", {"title": "Neu"})

    def recorded() -> set[str]:
        folder = tmp_path / "archive/metadata/history"
        return {path.stem for path in folder.glob("*.jsonl") if "Neu" in path.read_text()}

    with Server(settings) as server:
        until(recorded, "the first refresh")
        server.stop(signal.SIGKILL)
        server.start()
        until(lambda: recorded() == set(videos), "all refreshes")
    requests = Counter(asked(youtube, "watch"))
    assert set(requests) == set(videos)
    assert sum(requests.values()) <= len(videos) + 1
