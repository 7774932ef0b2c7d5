"""Commands without a server: readers run during other commands, and a second writer can wait."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.disks import mounted
from tests.harness import Server, environment, until
from tests.standin import StandInProcess

Environment = dict[str, str]

READING = (("storage",), ("logs",), ("workplan",), ("storage", "availability"))
"""Commands that read one database each, or several."""


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess("--scenario", "demo", "--media-padding", "400000") as process:
        yield process


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> Iterator[Environment]:
    yield environment(tmp_path / "archive", youtube, server__port=9)
    youtube.behave(media_bytes_per_second=None)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ytarchive", *arguments]


def ytarchive(settings: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=settings, capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def downloading(
    youtube: StandInProcess, settings: Environment
) -> Iterator["subprocess.Popen[bytes]"]:
    """A command that owns the archive, in the middle of a transfer."""
    youtube.behave(media_bytes_per_second=10_000)
    base_path = Path(settings["YTARCHIVE_STORAGE__BASE_PATH"])
    video = youtube.ids["demo"]["video"]
    process = subprocess.Popen(
        command("download", video), env=settings,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: [*base_path.glob(".ytarchive/staging/*/*.part")], "a partial file")
        yield process
    finally:
        process.kill()
        process.wait(30)


def content(base_path: Path) -> dict[str, tuple[int, int]]:
    """Every file of an archive, with its size and time of change."""
    files = [path for path in base_path.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(base_path)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in files
    }


def test_reading_commands_change_nothing_after_a_command_was_killed(
    youtube: StandInProcess, settings: Environment, tmp_path: Path
) -> None:
    """Its write-ahead logs exist, and nothing is recovered."""
    with downloading(youtube, settings):
        pass
    before = content(tmp_path / "archive")
    assert any(name.endswith("jobs.db-wal") for name in before)
    for arguments in READING:
        assert (arguments, ytarchive(settings, *arguments).returncode) == (arguments, 0)
    after = content(tmp_path / "archive")
    # SQLite's index of a write-ahead log is shared memory, which every reader may write.
    assert {k: v for k, v in after.items() if not k.endswith("-shm")} == {
        k: v for k, v in before.items() if not k.endswith("-shm")
    }


def test_metadata_is_shown_from_the_cache_while_another_command_has_the_archive(
    youtube: StandInProcess, settings: Environment
) -> None:
    known = youtube.ask("/videos", {"title": "Known before"})["id"]
    unknown = youtube.ask("/videos", {"title": "Not known"})["id"]
    assert ytarchive(settings, "init").returncode == 0
    assert ytarchive(settings, "metadata", known).returncode == 0
    with downloading(youtube, settings) as owner:
        assert "Known before" in ytarchive(settings, "metadata", known).stdout
        for arguments in ((unknown,), (known, "--refresh"), (known, "--save")):
            refused = ytarchive(settings, "metadata", *arguments)
            assert refused.returncode == 1
            assert f"belongs to process {owner.pid}" in refused.stderr


def test_following_the_log_blocks_no_command_and_shows_its_entries(
    youtube: StandInProcess, settings: Environment
) -> None:
    assert ytarchive(settings, "init").returncode == 0
    follower = subprocess.Popen(
        command("logs", "-f", "--json"), env=settings, stdout=subprocess.PIPE, text=True
    )
    try:
        assert follower.stdout is not None
        ran = ytarchive(settings, "download", youtube.ids["demo"]["video"])
        assert (ran.returncode, ran.stderr) == (0, "")
        lines = iter(follower.stdout.readline, "")
        assert next(line for line in lines if "stored" in line)
    finally:
        follower.send_signal(signal.SIGINT)
        follower.communicate(timeout=30)


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_job_of_another_command_is_watched_to_its_end(
    youtube: StandInProcess, settings: Environment, is_killed: bool
) -> None:
    with downloading(youtube, settings) as owner:
        watcher = subprocess.Popen(
            command("jobs", "watch", "last", "--json"), env=settings, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert watcher.stdout is not None
        assert json.loads(watcher.stdout.readline())["status"] == "RUNNING"
        if is_killed:
            owner.kill()
        else:
            youtube.behave(media_bytes_per_second=None)
        out, err = watcher.communicate(timeout=60)
    if is_killed:
        assert watcher.returncode == 1
        assert "has ended before the job" in out
    else:
        assert (watcher.returncode, err) == (0, "")
        assert json.loads(out.splitlines()[-1])["status"] == "COMPLETED"


def test_a_second_writer_names_the_first_and_waits_with_the_option(
    youtube: StandInProcess, settings: Environment
) -> None:
    video = youtube.ids["demo"]["video"]
    with downloading(youtube, settings) as owner:
        refused = ytarchive(settings, "jobs", "retry", "--reason", "network")
        assert refused.returncode == 1
        assert f"process {owner.pid} (`ytarchive download {video}`" in refused.stderr
        assert re.search(r"since \d{4}-\d\d-\d\d", refused.stderr)
        assert "--wait" in refused.stderr
        waiting = subprocess.Popen(
            command("download", video, "--wait"), env=settings, stderr=subprocess.PIPE, text=True,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert waiting.stderr is not None
        assert "waiting: the archive's state" in waiting.stderr.readline()
        youtube.behave(media_bytes_per_second=None)
        out, err = waiting.communicate(timeout=60)
        assert (waiting.returncode, err) == (0, "")
        assert "Already in the archive" in out or "1 stored" in out


def test_a_second_process_is_refused_although_the_lock_files_were_deleted(
    youtube: StandInProcess, settings: Environment, tmp_path: Path
) -> None:
    with downloading(youtube, settings) as owner:
        for lock in (tmp_path / "archive" / ".ytarchive").glob("lock*"):
            lock.unlink()
        refused = ytarchive(settings, "download", youtube.ids["demo"]["video"])
        assert refused.returncode == 1
        assert f"is used by process {owner.pid}" in refused.stderr
        apart = ytarchive(settings, "serve", "--services", "download", "--port", "0")
        assert apart.returncode == 1
        assert "staging is used by process" in apart.stderr


def test_reading_commands_work_on_a_read_only_disk(
    youtube: StandInProcess, settings: Environment, tmp_path: Path
) -> None:
    """After a command was killed and its index of the write-ahead log is gone, too."""
    with mounted(tmp_path / "archive") as disk:
        with downloading(youtube, settings):
            pass
        for index in (disk / ".ytarchive").glob("*-shm"):
            index.unlink()
        read_only = ["mount", "-o", "remount,ro", str(disk)]
        until(lambda: subprocess.run(read_only, check=False).returncode == 0, "a read-only disk")
        for arguments in READING:
            ran = ytarchive(settings, *arguments)
            assert (arguments, ran.returncode, ran.stderr) == (arguments, 0, "")
        assert "RUNNING" in ytarchive(settings, "jobs").stdout


def test_a_server_waits_while_the_archive_is_gone_and_uses_up_no_attempt(
    youtube: StandInProcess, settings: Environment, tmp_path: Path
) -> None:
    base_path, away = tmp_path / "archive", tmp_path / "away"
    settings["YTARCHIVE_STORAGE__STATE_DIR"] = str(tmp_path / "state")
    video = youtube.ids["demo"]["video"]
    youtube.behave(media_bytes_per_second=10_000)
    with Server(settings) as server:
        job_id = server.post("/jobs", {"type": "VIDEO_DOWNLOAD", "video_ids": [video]}).data["id"]
        until(lambda: [*base_path.glob(".ytarchive/staging/*/*.part")], "a partial file")
        base_path.rename(away)
        youtube.behave(media_bytes_per_second=None)
        progress = until(
            lambda: (
                (found := server.get(f"/jobs/{job_id}").data["progress"])["waiting_for"] and found
            ),
            "the reason to wait",
        )
        assert progress["waiting_reason"] == "archive_missing"
        assert str(base_path) in progress["waiting_for"]
        health = server.get("/health?service=storage")
        assert health.data["checks"]["archive"] is False
        refused = server.get("/storage/stats")
        assert (refused.status, refused.code) == (503, "E216")
        assert server.get(f"/storage/exists/{video}").code == "E216"
        assert not base_path.exists()

        away.rename(base_path)
        job = server.ended(job_id)
        assert job["status"] == "COMPLETED"
        assert [result["attempts"] for result in job["results"]] == [1]
        assert server.get("/health?service=storage").data["checks"]["archive"] is True


def test_no_component_expands_the_archives_path(
    youtube: StandInProcess, settings: Environment, tmp_path: Path
) -> None:
    """The command, yt-dlp and ffmpeg use it unchanged, also if it is relative."""
    settings["YTARCHIVE_STORAGE__BASE_PATH"] = "a $HOME %(id)s ~ archive"
    video = youtube.ids["demo"]["video"]
    ran = subprocess.run(
        command("download", video), env=settings, capture_output=True, text=True, timeout=60,
        check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    stored = tmp_path / "a $HOME %(id)s ~ archive" / "videos" / video / f"{video}.mp4"
    assert stored.is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["a $HOME %(id)s ~ archive"]
