"""Fresh metadata, older versions and evidence, with the real server, commands and yt-dlp."""

import json
import signal
from pathlib import Path

import pytest

from tests.harness import Server, environment
from tests.integration.test_integrity import run
from tests.standin import StandInProcess


@pytest.mark.parametrize("key", ["key", None])
def test_refreshed_metadata_are_stored_and_the_older_version_stays_in_the_history(
    youtube: StandInProcess, tmp_path: Path, key: str | None
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    if key is not None:
        settings["YOUTUBE_API_KEY"] = key
    video = youtube.ask("/videos", {"title": "First", "captions": ["en"]})["id"]
    file = tmp_path / f"archive/metadata/videos/{video}.json"
    assert run(settings, "download", video, "--quality", "360p")[0] == 0
    youtube.ask(f"/videos/{video}", {"title": "Second"})
    assert run(settings, "metadata", video, "--save")[0] == 0
    assert json.loads(file.read_text())["title"] == "First"
    assert run(settings, "metadata", video, "--refresh", "--save")[0] == 0
    stored = json.loads(file.read_text())
    assert stored["title"] == "Second"
    assert stored["source"] == ("data_api" if key else "yt-dlp")
    lines = (tmp_path / f"archive/metadata/history/{video}.jsonl").read_text().splitlines()
    older, newer = (json.loads(line) for line in lines)
    assert (older["kind"], older["data"]["title"]) == ("version", "First")
    assert (newer["kind"], newer["data"]) == ("version", {"title": "Second"})
    assert older["source"] == newer["source"] == stored["source"]


def test_languages_that_the_data_api_does_not_name_are_null(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    assert run(settings, "init")[0] == 0
    with_captions, without = (
        youtube.ask("/videos", {"title": "Film", "captions": captions})["id"]
        for captions in (["en"], [])
    )
    assert run(settings, "metadata", without)[1]["available_captions"] == []
    settings["YOUTUBE_API_KEY"] = "key"
    assert run(settings, "metadata", with_captions)[1]["available_captions"] is None
    assert run(settings, "metadata", without, "--refresh")[1]["available_captions"] == []


def test_rebuild_reads_the_evidence_of_a_lost_queue_from_the_history(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    stored = youtube.ask("/videos", {"title": "Film"})["id"]
    private = youtube.ask("/videos", {"title": "Gone", "state": "private"})["id"]
    with Server(settings) as server:
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": [stored, private]}
        server.ended(server.post("/jobs", {"data": data}).data["id"])
        known = server.get(f"/availability/{private}").data
        server.stop(signal.SIGTERM)
        for database in (tmp_path / "archive/.ytarchive").glob("*.db*"):
            database.unlink()
        code, rebuilt = run(settings, "rebuild")
        assert (code, rebuilt["videos"], rebuilt["availability"]) == (0, 1, 1)
        server.start()
        assert server.get(f"/availability/{private}").data == known
        server.stop(signal.SIGTERM)
        (tmp_path / "archive/.ytarchive/jobs.db").unlink()
        server.start()
        code, rebuilt = run(settings, "rebuild")  # by the server
        assert (code, rebuilt["videos"], rebuilt["availability"]) == (0, 1, 1)
        assert server.get(f"/availability/{private}").data == known
        [entry] = server.get(f"/storage/history/{private}").data
        assert (entry["kind"], entry["data"]["reason"]) == ("availability", "private")
