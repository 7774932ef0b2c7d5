"""The README's commands, run as they stand there."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown import document
from tests.harness import Server, environment
from tests.standin import StandInProcess

FIRST, OVER_HTTP, TASKS, SEARCHING, SETTINGS = (
    block.code for block in document("README.md").blocks if block.mark == "tested"
)
VIDEO = "jNQXAC9IVRw"


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    """A YouTube that has the README's video and playlist."""
    with StandInProcess() as process:
        process.ask("/videos", {"id": VIDEO, "title": "Me at the zoo"})
        listed = [process.ask("/videos", {"title": f"Part {n}"})["id"] for n in range(3)]
        process.ask("/playlists", {"id": "PLAYLIST_ID", "title": "Parts", "videos": listed})
        yield process


@pytest.fixture(scope="module")
def variables(youtube: StandInProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of one reader, who goes through the README from top to bottom."""
    return environment(tmp_path_factory.mktemp("reader") / "YTArchive", youtube)


def run(code: str, variables: dict[str, str], **names: object) -> str:
    """Run a block; any failing command in it fails the test. Its standard output."""
    for name, value in names.items():
        assert name in code
        code = code.replace(name, str(value))
    script = f'set -euo pipefail\nytarchive() {{ "{sys.executable}" -m ytarchive "$@"; }}\n{code}'
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def documents_in(text: str) -> list[dict[str, Any]]:
    """The JSON documents that stand one after the other in `text`."""
    found, decoder = [], json.JSONDecoder()
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def test_the_first_commands_archive_a_video_and_a_playlist(
    youtube: StandInProcess, variables: dict[str, str]
) -> None:
    said = run(FIRST, variables)
    stored = {path.stem for path in archive(variables).glob("videos/*/*.mp4")}
    assert len(stored) == 4
    assert VIDEO in stored
    assert "Me at the zoo" in said


def test_what_is_stored_is_found_and_listed(variables: dict[str, str]) -> None:
    assert run(SEARCHING, variables).count("Me at the zoo") == 3


def test_the_same_works_over_http_and_a_work_plan_is_retried(
    youtube: StandInProcess, variables: dict[str, str]
) -> None:
    late = youtube.ask("/videos", {"title": "Part 4", "state": "private"})["id"]
    youtube.ask("/playlists/PLAYLIST_ID/videos", {"videos": [late]})
    with Server(variables) as server:
        job = server.post("/jobs", {"type": "VIDEO_DOWNLOAD", "video_ids": [late]}).data["id"]
        assert server.ended(job)["results"][0]["status"] == "unavailable"
        address = server.url.removeprefix("http://")
        told = documents_in(run(OVER_HTTP, variables, JOB_ID=job, **{"127.0.0.1:8000": address}))
        assert [document.get("success", True) for document in told] == [True] * 4
        assert server.ended(told[0]["data"]["id"])["progress"]["skipped"] == 3
        youtube.change_video(late, state="ok")
        plan = server.get(f"/jobs/{job}").data["work_plan_id"]
        said = run(TASKS, variables, PLAN_ID=plan)
    assert (archive(variables) / "videos" / late / f"{late}.mp4").is_file()
    assert "private" in said


def test_a_file_of_settings_is_begun_and_shown(variables: dict[str, str]) -> None:
    said = run(SETTINGS, variables)
    assert "storage.base_path" in said
    assert Path(variables["YTARCHIVE_CONFIG"]).is_file()


def archive(variables: dict[str, str]) -> Path:
    return Path(variables["YTARCHIVE_STORAGE__BASE_PATH"])
