"""Databases that cannot be written or are damaged are reported with a remedy that works."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, free_port, until
from tests.reliability import archive
from tests.reliability.processes import family
from tests.reliability.scale import FULL
from tests.standin import StandInProcess

VIDEOS = 5
UNLIMITED = resource.RLIM_INFINITY
DAMAGES: tuple[str, ...] = (
    "page in the middle",
    "header",
    "schema page",
    "last page",
    "half the file",
)
PARTS: tuple[float, ...] = (0.3, 0.0, 0.8)
"""Where the damage in a write-ahead log begins."""
if not FULL:
    DAMAGES, PARTS = DAMAGES[:1], PARTS[:1]
REMEDIES = {"library": "ytarchive rebuild", "jobs": "ytarchive restore"}


def submit(server: Server, videos: list[str]) -> str:
    options = {"quality": "360p"}
    data = {"type": "VIDEO_DOWNLOAD", "video_ids": videos, "options": options}
    job_id: str = server.post("/jobs", {"data": data}).data["id"]
    return job_id


@pytest.fixture(scope="module")
def videos(slow_youtube: StandInProcess) -> list[str]:
    playlist = slow_youtube.ids["playlist60"]["playlist"]
    found: list[str] = slow_youtube.ask("/catalogue")["playlists"][playlist]
    return found


def test_jobs_are_refused_while_nothing_can_be_written_and_accepted_afterwards(
    slow_youtube: StandInProcess, videos: list[str], tmp_path: Path
) -> None:
    """Every write of the server fails, in the middle of a job: databases, files, log."""
    base_path = tmp_path / "archive"
    with Server(environment(base_path, slow_youtube)) as server:
        assert server.process is not None
        job_id = submit(server, videos[:VIDEOS])
        until(lambda: server.get(f"/jobs/{job_id}").data["progress"]["done"], "the first video")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, UNLIMITED))
        refused = server.post("/jobs", {"data": {"type": "METADATA_ONLY", "video_ids": videos}})
        assert (refused.status, refused.code) == (503, "E223")
        assert "jobs.db cannot be read or written" in refused.envelope["error"]["message"]
        until(lambda: not server.get("/health").data["checks"]["logging"], "it is unwell")
        # PENDING while all its videos wait: nothing of it may end.
        assert server.get(f"/jobs/{job_id}").data["status"] in {"PENDING", "RUNNING"}
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))
        job = server.ended(job_id)
        assert (job["status"], job["progress"]["done"]) == ("COMPLETED", VIDEOS)
        assert max(result["attempts"] for result in job["results"]) == 1
        assert [known["id"] for known in server.get("/jobs").data["items"]] == [job_id]
        server.ended(submit(server, videos[:1]))
        until(lambda: server.get("/health").data["checks"]["logging"], "it is well again")
    found = archive.contents(base_path)
    assert set(found.verdicts.values()) == {"ok"}
    assert archive.wrong_files(base_path, found.files) == []
    assert archive.leftovers(base_path) == []


@dataclass
class Original:
    """An archive with history, a backup of it, and the content of both."""

    base_path: Path
    backup: Path
    job_id: str
    rows: dict[str, list[Any]]


@pytest.fixture(scope="module")
def original(
    slow_youtube: StandInProcess, videos: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Original:
    base_path = tmp_path_factory.mktemp("original") / "archive"
    gone: str = slow_youtube.ask("/videos", {"title": "gone", "state": "private"})["id"]
    variables = environment(base_path, slow_youtube)
    with Server(variables) as server:
        job_id = submit(server, [*videos[:VIDEOS], gone])
        assert server.ended(job_id)["progress"]["done"] == VIDEOS + 1
    backup = base_path.with_name("backup")
    assert run(variables, "backup", str(backup)).returncode == 0
    return Original(base_path, backup, job_id, rows(base_path / ".ytarchive/library.db"))


@pytest.fixture
def copy(original: Original, tmp_path: Path) -> Path:
    """The archive, to be damaged."""
    shutil.copytree(original.base_path, tmp_path / "archive")
    return tmp_path / "archive"


def rows(library: Path) -> dict[str, list[Any]]:
    """The content of a library, without values that differ between libraries."""
    queries = {
        "videos": "SELECT video_id, title, duration, media_path, quality, size_bytes FROM videos",
        "files": "SELECT video_id, path, role, size_bytes, hex(sha256) FROM files",
        "plans": "SELECT plan_id, job_id, total_videos, unavailable, failed FROM work_plans",
        "entries": "SELECT plan_id, video_id, kind FROM work_plan_entries",
    }
    with closing(sqlite3.connect(f"{library.as_uri()}?mode=ro", uri=True)) as database:
        return {name: sorted(database.execute(query)) for name, query in queries.items()}


def run(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ytarchive", *arguments]
    return subprocess.run(
        command, env=variables, capture_output=True, text=True, check=False, timeout=120
    )


def damage(path: Path, where: str) -> None:
    """Overwrite a page of 4096 bytes, or cut the file off."""
    size = path.stat().st_size
    if where == "half the file":
        os.truncate(path, size // 2)
        return
    last = size // 4096 - 1
    page = {"page in the middle": last // 2, "last page": last}.get(where, 0)
    with path.open("r+b") as file:
        file.seek(page * 4096 + (100 if where == "schema page" else 0))
        file.write(b"\xa5" * 3900)


@pytest.mark.parametrize("where", DAMAGES)
@pytest.mark.parametrize("name", REMEDIES)
def test_a_damaged_database_is_reported_at_the_start_with_a_working_remedy(
    original: Original, copy: Path, slow_youtube: StandInProcess, name: str, where: str
) -> None:
    path = copy / ".ytarchive" / f"{name}.db"
    damage(path, where)
    variables = environment(copy, slow_youtube)
    refused = run(variables, "serve", "--port", str(free_port()))
    assert refused.returncode == 1, (where, refused.stderr)
    assert f"{path} is damaged" in refused.stderr
    assert REMEDIES[name] in refused.stderr
    assert "Traceback" not in refused.stderr

    remedy = ["rebuild"] if name == "library" else ["restore", str(original.backup)]
    done = run(variables, *remedy)
    assert done.returncode == 0, done.stderr
    assert rows(copy / ".ytarchive/library.db") == original.rows
    kept = [each for each in path.parent.rglob(f"{name}.db*") if each.read_bytes()[:1] == b"\xa5"]
    assert kept or where != "header"  # the damaged file is kept
    with Server(variables) as server:
        assert server.get(f"/jobs/{original.job_id}").data["progress"]["done"] == VIDEOS + 1
    assert archive.wrong_files(copy, archive.contents(copy).files) == []


@pytest.mark.parametrize("where", DAMAGES)
@pytest.mark.parametrize("name", ["logs", "metadata"])
def test_a_damaged_cache_or_log_loses_nothing_that_is_archived(
    original: Original, copy: Path, slow_youtube: StandInProcess, name: str, where: str
) -> None:
    """Databases that are set aside, by the server or by the user, are created again."""
    path = copy / ".ytarchive" / f"{name}.db"
    damage(path, where)
    variables = environment(copy, slow_youtube)
    if name == "metadata":
        refused = run(variables, "serve", "--port", str(free_port()))
        assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
        assert f"move {path}* aside" in refused.stderr
        path.rename(path.with_suffix(".damaged"))
    with Server(variables) as server:
        assert server.get(f"/jobs/{original.job_id}").data["progress"]["done"] == VIDEOS + 1
        assert server.get("/storage/stats").data["total_videos"] == VIDEOS
    assert rows(copy / ".ytarchive/library.db") == original.rows


@pytest.mark.parametrize("part", PARTS)
def test_after_damage_to_write_ahead_logs_everything_on_the_disk_is_found_again(
    slow_youtube: StandInProcess, videos: list[str], tmp_path: Path, part: float
) -> None:
    """A killed server leaves its last commits in them; SQLite takes a damaged frame for the end."""
    base_path = tmp_path / "archive"
    variables = environment(base_path, slow_youtube)
    server = Server(variables)
    server.start()
    job_id = submit(server, videos[:VIDEOS])
    until(lambda: server.get(f"/jobs/{job_id}").data["progress"]["done"] > 2, "three videos")
    server.stop(signal.SIGKILL)
    until(lambda: not family(base_path), "the end of its workers")
    stored = archive.folders(base_path)
    for log in (base_path / ".ytarchive").glob("*.db-wal"):
        with log.open("r+b") as file:
            file.seek(int(log.stat().st_size * part))
            file.write(b"\xa5" * 64)
    assert run(variables, "rebuild").returncode == 0
    with Server(variables) as server:
        again = server.ended(submit(server, videos[:VIDEOS]))
        assert again["status"] == "COMPLETED"
        assert {r["video_id"] for r in again["results"] if r["status"] == "skipped"} >= stored
    assert run(variables, "verify").returncode == 0
    found = archive.contents(base_path)
    assert set(found.verdicts.values()) == {"ok"}
    assert archive.wrong_files(base_path, found.files) == []


def test_a_backup_during_a_job_restores_the_job_and_it_ends(
    slow_youtube: StandInProcess, videos: list[str], tmp_path: Path
) -> None:
    base_path, backup = tmp_path / "archive", tmp_path / "backup"
    variables = environment(base_path, slow_youtube)
    server = Server(variables)
    server.start()
    job_id = submit(server, videos[:VIDEOS])
    until(lambda: server.get(f"/jobs/{job_id}").data["progress"]["done"] > 1, "two videos")
    assert run(variables, "backup", str(backup)).returncode == 0
    until(lambda: server.get(f"/jobs/{job_id}").data["progress"]["done"] > 3, "four videos")
    server.stop(signal.SIGKILL)
    until(lambda: not family(base_path), "the end of its workers")
    for database in (base_path / ".ytarchive").glob("*.db*"):
        database.unlink()
    stored = archive.folders(base_path)
    assert run(variables, "restore", str(backup)).returncode == 0
    assert run(variables, "rebuild").returncode == 0
    slow_youtube.reset()
    with Server(variables) as server:
        job = server.ended(job_id)
    assert (job["status"], job["progress"]["done"]) == ("COMPLETED", VIDEOS)
    fetched = {entry["video_id"] for entry in slow_youtube.ask("/requests?kind=media&limit=10000")}
    assert fetched & stored == set()
    found = archive.contents(base_path)
    assert set(found.verdicts.values()) == {"ok"}
    assert archive.wrong_files(base_path, found.files) == []
    assert archive.final_files(base_path) == found.files.keys()
