"""Damage to an archive is found and repaired, with the real server, command and yt-dlp."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment
from tests.standin import StandInProcess

QUALITY = "360p"


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> dict[str, str]:
    return environment(tmp_path / "archive", youtube, server__port=9)


@pytest.fixture
def server(settings: dict[str, str], youtube: StandInProcess) -> Any:
    """A server with one archived video."""
    with Server(settings) as running:
        options = {"quality": QUALITY}
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video(youtube)], "options": options}
        job_id = running.post("/jobs", {"data": data}).data["id"]
        assert running.ended(job_id)["status"] == "COMPLETED"
        yield running


def video(youtube: StandInProcess) -> str:
    found: str = youtube.ask("/catalogue")["playlists"][youtube.ids["playlist60"]["playlist"]][0]
    return found


def run(settings: dict[str, str], *arguments: str) -> tuple[int, Any]:
    """A command with `--json`: its exit code, and what it printed."""
    command = [sys.executable, "-m", "ytarchive", *arguments, "--json"]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def flip(path: Path) -> bytes:
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    return content


def sha256sum_accepts(folder: Path) -> bool:
    command = ["sha256sum", "--quiet", "--check", "checksums.sha256"]
    return subprocess.run(command, cwd=folder, check=False).returncode == 0


def test_a_flipped_byte_is_found_over_http_and_repaired_by_one_command(
    server: Server, settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = video(youtube)
    media = tmp_path / "archive/videos" / video_id / f"{video_id}.mp4"
    there = ("--server", server.url)
    assert run(settings, *there, "verify")[0] == 0
    original = flip(media)
    code, found = run(settings, *there, "verify")
    assert (code, found["job_ids"]) == (1, [])
    assert server.get("/storage/verify").data["findings"] == {"damaged": 1}
    [finding] = server.get("/storage/verify/findings").data["items"]
    assert (finding["kind"], finding["path"]) == ("damaged", f"videos/{video_id}/{video_id}.mp4")
    code, repaired = run(settings, *there, "verify", "--repair", "--known")
    [job_id] = repaired["job_ids"]
    assert (code, server.ended(job_id)["status"]) == (1, "COMPLETED")
    assert media.read_bytes() == original
    assert sha256sum_accepts(media.parent)
    assert run(settings, *there, "verify")[0] == 0
    [kept] = (tmp_path / "archive/.ytarchive/quarantine").rglob("*.mp4")
    assert kept.stat().st_size == len(original)


def test_one_repair_restores_files_after_any_damage(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    """Including the captions in each language; foreign files are not changed."""
    fields = {"title": "Spoken", "captions": ["en", "de"]}
    ids: list[str] = [youtube.ask("/videos", fields)["id"] for _ in range(4)]
    first, second, third, fourth = (tmp_path / "archive/videos" / video_id for video_id in ids)
    options = {"quality": QUALITY, "caption_languages": ["en", "de"]}
    with Server(settings) as server:
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": ids, "options": options}
        server.ended(server.post("/jobs", {"data": data}).data["id"])
        stored = {path for path in first.parent.rglob("*") if path.is_file()}
        assert len(stored) == 4 * 7

        flip(first / f"{first.name}.info.json")
        flip(second / "checksums.sha256")
        os.truncate(second / f"{second.name}.mp4", 1000)
        (third / f"captions/{third.name}.de.vtt").unlink()
        shutil.rmtree(fourth)
        (first / "notes.txt").write_text("mine")
        code, repaired = run(settings, "--server", server.url, "verify", "--repair")
        assert code == 1
        for job_id in repaired["job_ids"]:
            assert server.ended(job_id)["status"] == "COMPLETED"
        _, again = run(settings, "--server", server.url, "verify")
    assert [finding["path"] for finding in again["findings"]] == [f"videos/{ids[0]}/notes.txt"]
    assert (first / "notes.txt").read_text() == "mine"
    there = {path for path in first.parent.rglob("*") if path.is_file()}
    assert there == stored | {first / "notes.txt"}
    assert all(map(sha256sum_accepts, (first, second, third, fourth)))


def test_a_backup_of_a_running_server_is_restored_after_it_and_a_library_rebuilt(
    server: Server, settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    backups, library = str(tmp_path / "backups"), tmp_path / "archive/.ytarchive/library.db"
    assert run(settings, "backup", backups)[0] == 0
    code, answer = run(settings, "restore", backups)
    assert (code, answer["error"]["code"]) == (1, "E206")
    assert server.url in answer["error"]["message"]
    code, answer = run(settings, "backup", backups, "--server", server.url)
    assert (code, answer["error"]["code"]) == (1, "E024")
    code, rebuilt = run(settings, "rebuild")  # by the server
    assert (code, rebuilt["videos"], rebuilt["problems"]) == (0, 1, 0)
    assert run(settings, "storage", "exists", video(youtube))[0] == 0
    server.stop(signal.SIGTERM)
    known = run(settings, "storage", "show", video(youtube))[1]["location"]
    library.write_bytes(os.urandom(20_000))
    code, answer = run(settings, "storage")
    assert (code, answer["error"]["code"]) == (1, "E207")
    assert "ytarchive rebuild" in answer["error"]["message"]
    code, rebuilt = run(settings, "rebuild")
    assert (code, rebuilt["videos"], rebuilt["problems"]) == (0, 1, 0)
    made_again = run(settings, "storage", "show", video(youtube))[1]["location"]
    assert made_again | {"stored_at": None} == known | {"stored_at": None}
    assert known["quality"] == QUALITY
    assert run(settings, "verify")[0] == 0
    code, restored = run(settings, "restore", backups)
    assert code == 0
    assert len(restored["manifest"]["databases"]) == 7
    assert run(settings, "storage", "exists", video(youtube))[0] == 0
    server.start()
    assert server.get("/jobs").data["items"][0]["status"] == "COMPLETED"
