"""Each class of failure through the real yt-dlp and a real job, with the action that follows."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, until
from tests.reliability.matrix import OWN, SHARED, Case, Outcome
from tests.reliability.processes import family
from tests.reliability.report import record, table
from tests.standin import StandInProcess

FINAL = {"COMPLETED", "FAILED", "CANCELLED"}
SETTINGS: dict[str, Any] = {"download__stall_timeout": 4, "download__concurrency": 6}


class Laboratory:
    """A server whose YouTube fails as told."""

    def __init__(self, youtube: StandInProcess, base_path: Path) -> None:
        self.youtube = youtube
        self.server = Server(environment(base_path, youtube, **SETTINGS))
        self.base_path = base_path
        self.trailer: str = youtube.ask("/videos", {"title": "The trailer"})["id"]

    def submit(self, case: Case) -> tuple[str, str]:
        """A job for a fresh video that fails in this way; the job and the video."""
        fields = {"title": case.name, "state": case.state, "trailer_id": self.trailer}
        video_id: str = self.youtube.ask("/videos", fields)["id"]
        for fault in case.faults:
            self.youtube.add_fault(video_id=video_id, **fault)
        options = {"quality": "360p", "max_retries": 1}
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video_id], "options": options}
        return self.server.post("/jobs", {"data": data}).data["id"], video_id

    def outcome(self, job_id: str) -> Outcome | None:
        """What became of the job's video; None while nothing is known."""
        uri = f"{(self.base_path / '.ytarchive' / 'jobs.db').as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            query = "SELECT state, attempts, errors FROM job_videos WHERE job_id = ?"
            state, attempts, history = database.execute(query, [job_id]).fetchone()
        codes = [error["code"] for error in json.loads(history)]
        if state in {"new", "queued"} and (attempts or not codes):
            return None
        governor = self.server.get("/governor").data
        return Outcome(
            "waiting" if state == "queued" else state,
            codes[-1] if codes else None,
            attempts,
            governor["reason"] or governor["state"],
        )


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    base_path = tmp_path_factory.mktemp("matrix") / "archive"
    with StandInProcess("--scenario", "demo", "--media-padding", "400000") as youtube:
        laboratory = Laboratory(youtube, base_path)
        with laboratory.server:
            yield laboratory


@pytest.fixture(scope="module")
def outcomes(laboratory: Laboratory) -> dict[str, Outcome]:
    """What followed from every case."""
    submitted = {case.name: laboratory.submit(case) for case in OWN}
    found = {
        name: until(lambda job_id=job_id: laboratory.outcome(job_id), name, 60)  # type: ignore[misc]  # bound at once
        for name, (job_id, _) in submitted.items()
    }
    for job_id, _ in submitted.values():
        if laboratory.server.get(f"/jobs/{job_id}").data["status"] not in FINAL:
            laboratory.server.post(f"/jobs/{job_id}/cancel")
    for case in SHARED:
        found[case.name] = _blocked(laboratory, case)
    rows = [
        (case.name, case.produced_by.replace("x" * 100, ""), *vars(found[case.name]).values())
        for case in (*OWN, *SHARED)
    ]
    head = ("failure", "produced by", "result", "last error", "attempts", "governor")
    record("Fault matrix", table(head, rows))
    return found


def _blocked(laboratory: Laboratory, case: Case) -> Outcome:
    """Meet a block; another job must stay untouched, and both go on once it is over."""
    server, youtube = laboratory.server, laboratory.youtube
    job_id, video_id = laboratory.submit(case)
    found = until(lambda: laboratory.outcome(job_id), case.name, 60)
    youtube.reset()
    other, _ = laboratory.submit(Case("untouched", found))
    waiting = until(
        lambda: server.get(f"/jobs/{other}").data["progress"]["waiting_for"], "the reason to wait"
    )
    assert "next try at" in waiting
    assert youtube.counters()["total"] == 0
    youtube.clear_faults()
    youtube.change_video(video_id, state="ok")
    server.post("/governor/resume")
    for each in (job_id, other):
        [result] = server.ended(each)["results"]
        assert (result["status"], result["attempts"]) == ("success", 1)
    return found


@pytest.mark.parametrize("case", [*OWN, *SHARED], ids=lambda case: case.name)
def test_each_failure_has_its_action(outcomes: dict[str, Outcome], case: Case) -> None:
    assert outcomes[case.name] == case.expected


def test_a_worker_that_is_killed_costs_an_attempt_and_is_replaced(laboratory: Laboratory) -> None:
    slow = {"kind": "media", "delay_ms": 1500, "times": 1}
    job_id, video_id = laboratory.submit(
        Case("worker killed", Outcome("", None, 0), faults=(slow,))
    )
    until(lambda: laboratory.youtube.ask(f"/requests?kind=media&video_id={video_id}"), "a transfer")
    assert laboratory.server.process is not None
    for pid in _workers(laboratory.base_path, laboratory.server.process.pid):
        os.kill(pid, signal.SIGKILL)
    laboratory.server.ended(job_id)
    assert laboratory.outcome(job_id) == Outcome("success", "E210", 2)


def _workers(base_path: Path, server: int) -> list[int]:
    """Grandchildren of the server: its children start and reap them."""
    parents = {pid: int(_stat(pid)[1]) for pid in family(base_path)}
    return [pid for pid, parent in parents.items() if parents.get(parent) == server]


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def test_cookies_that_cannot_be_read_are_named(laboratory: Laboratory, tmp_path: Path) -> None:
    cookies = tmp_path / "cookies.txt"
    cookies.write_text("not a cookie jar\n")
    settings: dict[str, Any] = {**SETTINGS, "network__cookies_file": cookies}
    video: str = laboratory.youtube.ask("/videos", {"title": "x"})["id"]
    with Server(environment(tmp_path / "archive", laboratory.youtube, **settings)) as server:
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video], "options": {"max_retries": 0}}
        [result] = server.ended(server.post("/jobs", {"data": data}).data["id"])["results"]
    assert (result["status"], result["error_code"]) == ("failed", "E133")


def test_a_playlist_that_is_gone_fails_its_job_with_the_reason(laboratory: Laboratory) -> None:
    data = {"type": "PLAYLIST_DOWNLOAD", "playlist_id": "PLgonegonegonegonegonegonegonegone"}
    job = laboratory.server.ended(laboratory.server.post("/jobs", {"data": data}).data["id"])
    assert (job["status"], job["progress"]["total"]) == ("FAILED", 0)
    assert "does not exist" in job["error"]
