"""Captions and thumbnails that YouTube refused are fetched by a later run, without the media."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, until
from tests.standin import StandInProcess

OPTIONS = {"quality": "360p", "caption_languages": ["en", "de"]}


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> dict[str, str]:
    return environment(tmp_path / "archive", youtube, server__port=9)


@pytest.fixture
def video(youtube: StandInProcess) -> str:
    made: str = youtube.ask("/videos", {"title": "Spoken", "captions": ["en", "de"]})["id"]
    return made


def run(settings: dict[str, str], *arguments: str) -> tuple[int, Any]:
    """A command with `--json`: its exit code, and what it printed."""
    command = [sys.executable, "-m", "ytarchive", *arguments, "--json"]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def download(settings: dict[str, str], video: str) -> dict[str, Any]:
    """`ytarchive download` of a video: its one result."""
    wanted = ("--quality", "360p", "--captions", "en,de")
    code, job = run(settings, "download", video, *wanted)
    assert code == 0
    [result] = job["results"]
    return dict(result)


def asked(youtube: StandInProcess) -> dict[str, int]:
    """The number of requests since the last call, by kind."""
    kinds = dict(youtube.counters()["kinds"])
    youtube.reset()
    return kinds


def is_whole(folder: Path) -> bool:
    command = ["sha256sum", "--quiet", "--strict", "--check", "checksums.sha256"]
    return subprocess.run(command, cwd=folder, check=False).returncode == 0


def assert_has_captions(folder: Path) -> None:
    names = {f"{folder.name}.{language}.vtt" for language in ("en", "de")}
    assert {path.name for path in (folder / "captions").iterdir()} == names
    assert is_whole(folder)


def test_refused_captions_are_reported_and_fetched_by_the_next_run(
    settings: dict[str, str], youtube: StandInProcess, video: str, tmp_path: Path
) -> None:
    folder = tmp_path / "archive" / "videos" / video
    youtube.add_fault(kind="caption", video_id=video, status=429)
    first = download(settings, video)
    assert first["status"] == "success"
    assert first["message"].startswith("no captions in en: HTTP Error 429: Too Many Requests")
    assert not (folder / "captions").exists()
    listed = run(settings, "storage", "list", "--incomplete")[1]["items"]
    assert [each["missing"] for each in listed] == [["captions:en", "captions:de"]]
    assert asked(youtube)["caption"] == 1

    again = download(settings, video)
    assert again["status"] == "skipped"
    assert again["message"].startswith("already in the archive; no captions in en: HTTP Error 429")
    assert "media" not in asked(youtube)

    youtube.clear_faults()
    before = {
        path: path.read_bytes()
        for path in folder.iterdir()
        if path.stem not in {"checksums", "manifest"}
    }
    second = download(settings, video)
    added = ("success", "added captions in en; added captions in de")
    assert (second["status"], second["message"]) == added
    counted = asked(youtube)
    assert (counted["caption"], counted.keys() & {"media", "thumbnail"}) == (2, set())
    assert {path: path.read_bytes() for path in before} == before
    assert_has_captions(folder)
    assert run(settings, "verify")[0] == 0
    assert run(settings, "storage", "list", "--incomplete")[1]["items"] == []

    third = download(settings, video)
    assert (third["status"], third["message"]) == ("skipped", "already in the archive")
    assert asked(youtube) == {}
    assert not any((tmp_path / "archive/.ytarchive/staging").rglob(f"{video}*"))


def test_absent_captions_are_fetched_when_youtube_has_them(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video = youtube.ask("/videos", {"title": "Silent", "captions": []})["id"]
    folder = tmp_path / "archive" / "videos" / video

    def archived(*command: str) -> tuple[str, str]:
        wanted = ("--quality", "360p", "--captions", "he,zh-CN")
        [result] = run(settings, *command, *wanted)[1]["results"]
        return result["status"], result["message"]

    assert archived("download", video) == ("success", "no captions in he, zh-CN")
    assert archived("download", video) == (
        "skipped",
        "already in the archive; no captions in he, zh-CN",
    )
    assert asked(youtube)["watch"] == 2
    listed = youtube.ask("/playlists", {"videos": [video]})["id"]
    assert archived("playlist", listed) == ("skipped", "already in the archive")
    assert "watch" not in asked(youtube), "a list costs no request for each of its videos"

    youtube.change_video(video, tracks=[{"languageCode": "iw"}, {"languageCode": "zh-Hans"}])
    added = ("success", "added captions in he; added captions in zh-Hans")
    assert archived("download", video) == added
    assert "media" not in asked(youtube)
    names = {f"{video}.he.vtt", f"{video}.zh-Hans.vtt"}
    assert {path.name for path in (folder / "captions").iterdir()} == names
    assert is_whole(folder)
    assert archived("download", video) == ("skipped", "already in the archive")
    assert asked(youtube) == {}


def test_a_server_killed_while_it_adds_them_adds_them_after_the_restart(
    settings: dict[str, str], youtube: StandInProcess, video: str, tmp_path: Path
) -> None:
    folder = tmp_path / "archive" / "videos" / video
    youtube.add_fault(kind="caption", video_id=video, status=403)
    youtube.add_fault(kind="thumbnail", video_id=video, status=503)
    data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video], "options": OPTIONS}
    with Server(settings) as server:
        job_id = server.post("/jobs", {"data": data}).data["id"]
        assert server.ended(job_id)["status"] == "COMPLETED"
        assert server.get("/storage/stats").data["incomplete_videos"] == 1
        youtube.clear_faults()
        asked(youtube)
        youtube.add_fault(kind="caption", video_id=video, after=1, times=1, delay_ms=60_000)
        job_id = server.post("/jobs", {"data": data}).data["id"]
        until(lambda: youtube.counters()["kinds"].get("caption", 0) == 2, "the second captions")
        server.stop(signal.SIGKILL)
        assert is_whole(folder)
        server.start()
        [result] = server.ended(job_id)["results"]
        assert result["status"] == "success"
        assert "added thumbnail" in result["message"]
        assert server.get("/storage/stats").data["incomplete_videos"] == 0
        assert server.get(f"/storage/exists/{video}").data["location"]["missing"] == []
    assert "media" not in asked(youtube)
    assert_has_captions(folder)
    assert run(settings, "verify")[0] == 0


def test_a_stored_video_that_is_gone_does_not_fail_for_its_captions(
    settings: dict[str, str], youtube: StandInProcess, video: str
) -> None:
    youtube.add_fault(kind="caption", video_id=video, status=403)
    download(settings, video)
    youtube.change_video(video, state="private")
    result = download(settings, video)
    assert result["status"] == "skipped"
    assert result["message"].startswith("already in the archive; no captions in en, captions in de")
    assert run(settings, "storage", "exists", video)[0] == 0
