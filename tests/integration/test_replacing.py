"""Files that are downloaded again, with the real server, command and yt-dlp."""

from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, until
from tests.integration.test_integrity import flip, run, sha256sum_accepts
from tests.standin import StandInProcess


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> dict[str, str]:
    return environment(tmp_path / "archive", youtube, server__port=9)


def download(settings: dict[str, str], *arguments: str) -> Any:
    """Run `ytarchive download`; the result of its only video."""
    code, job = run(settings, "download", *arguments)
    assert code == 0, job
    [result] = job["results"]
    return result


def test_forced_download_keeps_the_better_file_and_replace_accepts_a_worse_one(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = youtube.ask("/videos", {"title": "Film", "captions": ["en"]})["id"]
    folder = tmp_path / "archive/videos" / video_id
    media = folder / f"{video_id}.mp4"
    assert download(settings, video_id, "--quality", "360p")["quality"] == "360p"
    best = download(settings, video_id, "--force")
    assert (best["status"], best["quality"]) == ("success", "1080p")
    better = media.read_bytes()
    for arguments in (["--quality", "360p"], ["--quality", "audio"]):
        kept = download(settings, video_id, "--force", *arguments)
        assert (kept["status"], kept["quality"]) == ("skipped", "1080p")
        assert "better" in kept["message"] or "audio does not replace" in kept["message"]
        assert media.read_bytes() == better
    replaced = download(settings, video_id, "--replace", "--quality", "360p")
    assert (replaced["status"], replaced["quality"]) == ("success", "360p")
    assert sha256sum_accepts(folder)
    assert run(settings, "verify")[0] == 0
    _, trash = run(settings, "trash")
    assert [item["quality"] for item in trash["items"]] == ["1080p", "360p"]
    code, restored = run(settings, "trash", "restore", trash["items"][0]["id"], "--replace")
    assert (code, restored["damaged"]) == (0, [])
    assert media.read_bytes() == better
    assert run(settings, "storage", "show", video_id)[1]["location"]["quality"] == "1080p"
    assert run(settings, "verify")[0] == 0


def test_video_stored_as_audio_is_reported_and_upgraded_to_a_video(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = youtube.ask("/videos", {"title": "Film"})["id"]
    folder = tmp_path / "archive/videos" / video_id
    download(settings, video_id, "--quality", "audio")
    again = download(settings, video_id, "--quality", "audio")
    assert (again["status"], again["message"]) == ("skipped", "already in the archive")
    told = download(settings, video_id, "--quality", "720p")
    hint = "already in the archive; stored as audio; use --upgrade to fetch 720p"
    assert (told["status"], told["message"]) == ("skipped", hint)
    better = download(settings, video_id, "--quality", "720p", "--upgrade")
    assert (better["status"], better["quality"]) == ("success", "720p")
    assert (folder / f"{video_id}.mp4").is_file()
    assert not (folder / f"{video_id}.m4a").exists()
    assert run(settings, "verify")[0] == 0


def test_upgrade_keeps_the_media_if_youtube_has_only_a_shorter_edit_by_now(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with StandInProcess("--scenario", "demo", "--media-seconds", "9") as youtube:
        video_id: str = youtube.ids["demo"]["video"]
        settings = environment(archive, youtube, server__port=9)
        download(settings, video_id, "--quality", "360p")
    media = archive / "videos" / video_id / f"{video_id}.mp4"
    complete = media.read_bytes()
    with StandInProcess("--scenario", "demo") as youtube:
        settings = environment(archive, youtube, server__port=9)
        for arguments in (["--upgrade"], ["--force"]):
            kept = download(settings, video_id, *arguments)
            reason = "the fetched file plays 4 of 9 seconds; --replace accepts it"
            assert (kept["status"], kept["quality"]) == ("skipped", "360p")
            assert kept["message"] == f"the stored copy was kept: {reason}"
            assert media.read_bytes() == complete
        youtube.reset()
        message = download(settings, video_id, "--quality", "1080p")["message"]
        assert message == "already in the archive"
        assert "media" not in youtube.counters()["kinds"]
    assert run(settings, "verify")[0] == 0


def test_download_of_a_damaged_video_names_the_damage(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = youtube.ask("/videos", {"title": "Film", "captions": []})["id"]
    download(settings, video_id, "--quality", "360p")
    flip(tmp_path / f"archive/videos/{video_id}/{video_id}.mp4")
    assert run(settings, "verify")[0] == 1
    for languages in ("en", "de"):  # the second one requests captions, without the media
        told = download(settings, video_id, "--captions", languages)
        assert told["status"] == "skipped"
        assert "the stored file is damaged: `ytarchive verify --repair`" in told["message"]


def test_direct_download_keeps_the_better_file_and_replace_accepts_a_worse_one(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = youtube.ask("/videos", {"title": "Film"})["id"]
    media = tmp_path / f"archive/videos/{video_id}/{video_id}.mp4"
    with Server(settings) as server:

        def fetched(**request: Any) -> str:
            data = {"video_id": video_id, **request}
            task_id = server.post("/download/video", {"data": data}).data["task_id"]
            pending = tmp_path / f"archive/.ytarchive/staging/downloads/{task_id}.json"
            until(lambda: not pending.exists(), "the end of the download")
            assert server.get(f"/download/progress/{task_id}").data["status"] == "COMPLETED"
            found = server.get(f"/storage/exists/{video_id}").data["location"]
            return str(found["quality"])

        assert fetched(quality="720p") == "720p"
        better = media.read_bytes()
        assert fetched(quality="360p") == "720p"
        assert media.read_bytes() == better
        assert fetched(quality="360p", replace=True) == "360p"
        worse = media.read_bytes()
        assert fetched(quality="audio", replace=True) == "360p"
        assert media.read_bytes() == worse
        [item] = server.get("/trash").data["items"]
        assert item["quality"] == "720p"


def test_repair_leaves_a_damaged_video_in_place_when_it_cannot_be_downloaded(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = youtube.ask("/videos", {"title": "Film"})["id"]
    media = tmp_path / f"archive/videos/{video_id}/{video_id}.mp4"
    with Server(settings) as server:
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video_id]}
        server.ended(server.post("/jobs", {"data": data}).data["id"])
        media_requests = youtube.counters()["kinds"]["media"]
        original = flip(media)
        damaged = media.read_bytes()
        youtube.ask(f"/videos/{video_id}", {"state": "private"})
        code, repaired = run(settings, "--server", server.url, "verify", "--repair")
        [job_id] = repaired["job_ids"]
        assert (code, server.ended(job_id)["status"]) == (1, "FAILED")
        assert media.read_bytes() == damaged
        [finding] = server.get("/storage/verify/findings").data["items"]
        assert (finding["kind"], finding["is_removed"]) == ("damaged", False)
        located = server.get(f"/storage/exists/{video_id}").data["location"]
        assert located["damaged"] == [f"videos/{video_id}/{video_id}.mp4"]
        youtube.ask(f"/videos/{video_id}", {"state": "ok"})
        _, repaired = run(settings, "--server", server.url, "verify", "--repair", "--known")
        assert server.ended(repaired["job_ids"][0])["status"] == "COMPLETED"
        assert media.read_bytes() == original
        assert server.get(f"/storage/exists/{video_id}").data["location"]["damaged"] == []
        [item] = server.get("/quarantine").data["items"]
        assert item["reason"] == "damaged"
        # The first job tried again when the video was public, and found it repaired.
        until(lambda: server.ended(job_id)["status"] == "COMPLETED", "the end of the first job")
        assert server.get("/trash").data["items"] == []
        assert youtube.counters()["kinds"]["media"] == 2 * media_requests
