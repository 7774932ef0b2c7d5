"""SIGKILL at random instants of checks and refreshes, by real processes and real yt-dlp."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.harness import environment
from tests.reliability.scale import FULL, chance
from tests.standin import StandInProcess

HANDLE = "@standinfilms"
ROUNDS = 30 if FULL else 2
CHECK, REFRESH = ("subscriptions", "run", HANDLE), ("refresh",)


def line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ytarchive", *arguments, "--json"]


def completed(settings: dict[str, str], *arguments: str) -> Any:
    """What a command printed that nobody killed."""
    ran = subprocess.run(
        line(*arguments), env=settings, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def timed(settings: dict[str, str], *arguments: str) -> float:
    """The seconds that a command takes."""
    began = time.monotonic()
    completed(settings, *arguments)
    return time.monotonic() - began


def killed(settings: dict[str, str], after: float, *arguments: str) -> None:
    """Kill a command after some seconds, if it still runs."""
    with subprocess.Popen(line(*arguments), env=settings, stdout=-3, stderr=-3) as process:
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)


def make_due(base: Path) -> None:
    """Let the refresh of every stored video be due."""
    with closing(sqlite3.connect(base / ".ytarchive/library.db")) as library:
        library.execute("UPDATE videos SET refresh_at = 1 WHERE media_path NOTNULL")
        library.commit()


def upload(youtube: StandInProcess) -> str:
    return str(youtube.ask("/videos", {"title": "A new one"})["id"])


def test_nothing_is_missed_or_fetched_twice_whenever_checks_and_refreshes_are_killed(
    tmp_path: Path,
) -> None:
    base, instants = tmp_path / "archive", chance("kills of checks")
    with StandInProcess("--scenario", "demo") as youtube:
        settings = environment(base, youtube, server__port=9)
        completed(settings, "subscribe", HANDLE, "--quality", "360p", "--no-captions")
        completed(settings, *CHECK)
        first = upload(youtube)
        lengths = {CHECK: timed(settings, *CHECK), REFRESH: timed(settings, *REFRESH)}
        videos = [first, *rounds(youtube, settings, instants, base, first, lengths)]
        completed(settings, *CHECK)
        make_due(base)
        completed(settings, *REFRESH)

        listed = completed(settings, "storage", "list")["items"]
        assert {each["video_id"] for each in listed} == set(videos)
        jobs = completed(settings, "jobs")["items"]
        fetched = Counter(
            each["video_id"]
            for job in jobs
            for each in job["results"]
            if each["status"] == "success"
        )
        assert fetched == Counter(videos)
        titles = [each["title"] for each in completed(settings, "history", first)["versions"]]
        assert titles[-1] == f"Title {ROUNDS - 1}"
        assert all(earlier != later for earlier, later in pairwise(titles))
        youtube.reset()
        completed(settings, *CHECK)
        assert youtube.ask("/requests?kind=player") == []


def rounds(
    youtube: StandInProcess,
    settings: dict[str, str],
    instants: random.Random,
    base: Path,
    renamed: str,
    lengths: dict[tuple[str, ...], float],
) -> list[str]:
    """Kill a check and a refresh in each round; return the videos uploaded meanwhile."""
    added = []
    for number in range(ROUNDS):
        added.append(upload(youtube))
        killed(settings, instants.uniform(0.2, 1) * lengths[CHECK], *CHECK)
        youtube.ask(f"/videos/{renamed}", {"title": f"Title {number}"})
        make_due(base)
        killed(settings, instants.uniform(0.2, 1) * lengths[REFRESH], *REFRESH)
    return added
