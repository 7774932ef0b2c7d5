"""Each class of failure, with the real yt-dlp and a real job, and the action that follows."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, until
from tests.reliability.matrix import MACHINE, OWN, REPOSITORY, SHARED, Case, Outcome
from tests.reliability.processes import family
from tests.reliability.report import record, table
from tests.standin import StandInProcess
from ytarchive.ytdlp.worker.classifier import TABLE

FINAL = {"COMPLETED", "FAILED", "CANCELLED"}
SETTINGS: dict[str, Any] = {"download__stall_timeout": 4, "download__concurrency": 6}
CASES = (*OWN, *SHARED, *MACHINE)
Outcomes = dict[str, Outcome]
PYTHONPATH = f"{Path(__file__).with_name('failpoints')}:{REPOSITORY}"


class Laboratory:
    """A server with a YouTube that fails as configured."""

    def __init__(
        self, youtube: StandInProcess, base_path: Path, machine: Iterable[tuple[str, str]] = ()
    ) -> None:
        self.youtube = youtube
        self.base_path = base_path
        self._disk_faults = base_path.with_name("disk-faults.json")
        hooks = {"PYTHONPATH": PYTHONPATH, "DISK_FAULTS": str(self._disk_faults)}
        variables = environment(base_path, youtube, **SETTINGS)
        self.server = Server({**variables, **hooks, **dict(machine)})
        self.trailer: str = youtube.ask("/videos", {"title": "The trailer"})["id"]

    def submit(self, case: Case) -> tuple[str, str]:
        """A job for a fresh video that fails in this way; the job and the video."""
        fields = {"title": case.name, "state": case.state, "trailer_id": self.trailer}
        video_id: str = self.youtube.ask("/videos", fields)["id"]
        for fault in case.faults:
            self.youtube.add_fault(video_id=video_id, **fault)
        if case.disk:
            self._fail_disk(video_id, case.disk)
        options = {"quality": "360p", "max_retries": 1}
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video_id], "options": options}
        return self.server.post("/jobs", {"data": data}).data["id"], video_id

    def _fail_disk(self, video_id: str, error: str) -> None:
        known = self._disk_faults.read_text() if self._disk_faults.exists() else "{}"
        fresh = self._disk_faults.with_suffix(".new")
        fresh.write_text(json.dumps(json.loads(known) | {video_id: [error, 100_000]}))
        fresh.replace(self._disk_faults)

    def outcome(self, job_id: str) -> Outcome | None:
        """The outcome of the job's video; None while it is unknown."""
        uri = f"{(self.base_path / '.ytarchive' / 'jobs.db').as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            columns = "state, attempts, errors, waits_for"
            query = f"SELECT {columns} FROM job_videos WHERE job_id = ?"
            state, attempts, history, parked = database.execute(query, [job_id]).fetchone()
        codes = [error["code"] for error in json.loads(history)]
        if state in {"new", "queued"} and (attempts or not codes):
            return None
        governor = self.server.get("/governor").data
        return Outcome(
            "waiting" if state == "queued" else state,
            codes[-1] if codes else None,
            attempts,
            governor["reason"] or governor["state"],
            (parked or "").partition(" ")[0],
        )


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    base_path = tmp_path_factory.mktemp("matrix") / "archive"
    with StandInProcess("--scenario", "demo", "--media-padding", "400000") as youtube:
        laboratory = Laboratory(youtube, base_path)
        with laboratory.server:
            yield laboratory


@pytest.fixture(scope="module")
def outcomes(laboratory: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """The outcomes of all cases."""
    found = _side_by_side(laboratory)
    found |= {case.name: _blocked(laboratory, case) for case in SHARED}
    for case in MACHINE:
        base_path = tmp_path_factory.mktemp("machine") / "archive"
        poor = Laboratory(laboratory.youtube, base_path, case.machine)
        with poor.server:
            job_id, _ = poor.submit(case)
            found[case.name] = until(lambda: poor.outcome(job_id), case.name, 60)  # noqa: B023  # called at once
    rows = [(case.name, case.produced_by, *vars(found[case.name]).values()) for case in CASES]
    head = (
        "failure",
        "produced by",
        "result",
        "last error",
        "attempts",
        "governor",
        "parked until a change of",
    )
    record("Fault matrix", table(head, rows))
    return found


def _side_by_side(laboratory: Laboratory) -> Outcomes:
    submitted = {case.name: laboratory.submit(case) for case in OWN}
    found = {
        name: until(lambda job_id=job_id: laboratory.outcome(job_id), name, 60)  # type: ignore[misc]  # bound at once
        for name, (job_id, _) in submitted.items()
    }
    for job_id, _ in submitted.values():
        if laboratory.server.get(f"/jobs/{job_id}").data["status"] not in FINAL:
            laboratory.server.post(f"/jobs/{job_id}/cancel")
    return found


def _blocked(laboratory: Laboratory, case: Case) -> Outcome:
    """Cause a block; another job must not be affected, and both continue after it."""
    server, youtube = laboratory.server, laboratory.youtube
    job_id, video_id = laboratory.submit(case)
    found = until(lambda: laboratory.outcome(job_id), case.name, 60)
    youtube.reset()
    other, _ = laboratory.submit(Case("untouched", found))
    waiting = until(
        lambda: server.get(f"/jobs/{other}").data["progress"]["waiting_for"], "the reason to wait"
    )
    assert "next attempt at" in waiting
    assert youtube.counters()["total"] == 0
    youtube.clear_faults()
    youtube.change_video(video_id, state="ok")
    server.post("/governor/resume")
    for each in (job_id, other):
        [result] = server.ended(each)["results"]
        assert (result["status"], result["attempts"]) == ("success", 1)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_failure_has_its_action(outcomes: Outcomes, case: Case) -> None:
    assert outcomes[case.name] == case.expected


def test_every_class_of_the_classifier_is_produced() -> None:
    """Except for a list that is gone, which is below, and ids that no one lets through."""
    known = {row.error.code for row in TABLE}
    assert known - {case.expected.code for case in CASES} == {"E119", "E004"}


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


def test_a_playlist_that_is_gone_fails_its_job_with_the_reason(laboratory: Laboratory) -> None:
    data = {"type": "PLAYLIST_DOWNLOAD", "playlist_id": "PLgonegonegonegonegonegonegonegone"}
    job = laboratory.server.ended(laboratory.server.post("/jobs", {"data": data}).data["id"])
    assert (job["status"], job["progress"]["total"]) == ("FAILED", 0)
    assert "does not exist" in job["error"]
