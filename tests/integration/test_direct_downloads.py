"""Direct downloads by the real server: an accepted download is completed or waits."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, until
from tests.standin import StandInProcess


def video(youtube: StandInProcess, number: int) -> str:
    """One of the stand-in's videos."""
    listed = youtube.ids["playlist60"]
    entries: list[str] = youtube.ask("/catalogue")["playlists"][listed["playlist"]]
    return entries[number]


def progress(server: Server, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = server.get(f"/download/progress/{task_id}").data
    return found


def languages(*wanted: str) -> dict[str, Any]:
    return {"caption_languages": list(wanted)}


def stored(server: Server, video_id: str) -> bool:
    found: bool = server.get(f"/storage/exists/{video_id}").data["exists"]
    return found


def test_it_is_resumed_after_a_kill_with_the_same_task_id(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = video(youtube, 20)
    youtube.behave(media_bytes_per_second=200_000)
    try:
        with Server(environment(tmp_path / "archive", youtube)) as server:
            asked = server.post("/download/video", {"data": {"video_id": video_id}})
            assert asked.status == 202
            task_id = asked.data["task_id"]
            until(lambda: progress(server, task_id)["downloaded_bytes"] > 100_000, "some bytes")
            server.stop(signal.SIGKILL)
            youtube.behave(media_bytes_per_second=None)
            server.start()
            until(lambda: stored(server, video_id), "the video in the archive")
            done = progress(server, task_id)
            assert (done["video_id"], done["status"]) == (video_id, "COMPLETED")
    finally:
        youtube.behave(media_bytes_per_second=None)
    assert (tmp_path / "archive" / "videos" / video_id / f"{video_id}.mp4").is_file()
    assert not list((tmp_path / "archive" / ".ytarchive" / "staging" / "downloads").iterdir())


def workers(server: Server) -> list[int]:
    """The worker processes of a server: the children of its fork server."""
    assert server.process is not None
    return [pid for child in children(server.process.pid) for pid in children(child)]


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs Linux's /proc")
def test_a_download_whose_worker_is_killed_is_retried_and_its_result_is_known_after_a_kill(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id, lost = video(youtube, 26), video(youtube, 27)
    youtube.change_video(lost, state="private")
    youtube.behave(media_bytes_per_second=200_000)
    staging = tmp_path / "archive" / ".ytarchive" / "staging"
    try:
        with Server(environment(tmp_path / "archive", youtube)) as server:
            asked = server.post("/download/video", {"data": {"video_id": video_id}})
            task_id = asked.data["task_id"]
            until(lambda: progress(server, task_id)["downloaded_bytes"] > 100_000, "some bytes")
            for pid in workers(server):
                os.kill(pid, signal.SIGKILL)
            until(lambda: progress(server, task_id)["attempts"] == 1, "a failed attempt")
            youtube.behave(media_bytes_per_second=None)
            until(lambda: stored(server, video_id), "the video in the archive")
            asked = server.post("/download/video", {"data": {"video_id": lost, "replace": True}})
            lost_id = asked.data["task_id"]
            until(lambda: progress(server, lost_id)["status"] == "FAILED", "the failure")
            until(lambda: server.get("/jobs").data["items"], "the failure among the jobs")
            until(lambda: not list((staging / "downloads").glob("*")), "the end of both")
            server.stop(signal.SIGKILL)
            server.start()
            done, failed = progress(server, task_id), progress(server, lost_id)
            assert (done["status"], done["attempts"]) == ("COMPLETED", 1)
            assert (failed["status"], failed["error_code"]) == ("FAILED", "E110")
            [job] = server.get("/jobs?expand=true").data["items"]
            [result] = server.ended(job["id"])["results"]
            assert (result["video_id"], result["status"]) == (lost, "unavailable")
            assert (job["options"]["replace"], job["options"]["skip_existing"]) == (True, False)
    finally:
        youtube.behave(media_bytes_per_second=None)
    assert not [path for path in staging.iterdir() if path.name in {video_id, lost}]


def test_another_quality_of_a_video_that_is_being_downloaded_is_fetched_afterwards(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = video(youtube, 28)
    with Server(environment(tmp_path / "archive", youtube)) as server:
        server.post("/governor/pause")
        asked = [
            server.post("/download/video", {"data": {"video_id": video_id, "quality": quality}})
            for quality in ("360p", "720p", "360p")
        ]
        tasks = [each.data["task_id"] for each in asked]
        server.post("/governor/resume")
        for task_id in tasks:
            until(lambda: progress(server, task_id)["status"] == "COMPLETED", "the end")  # noqa: B023  # called at once
        downloads = tmp_path / "archive" / ".ytarchive" / "staging" / "downloads"
        until(lambda: not list(downloads.iterdir()), "both stored")
        assert tasks[0] == tasks[2] != tasks[1]
        assert [progress(server, each)["quality"] for each in tasks[:2]] == ["360p", "720p"]
        found = server.get(f"/storage/exists/{video_id}").data["location"]
    assert found["quality"] == "720p"


def test_differences_from_the_request_are_in_the_result(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = video(youtube, 21)
    with Server(environment(tmp_path / "archive", youtube)) as server:
        options = {"caption_languages": ["xx"], "quality": "360p"}
        job = {"type": "VIDEO_DOWNLOAD", "video_ids": [video_id], "options": options}
        ended = server.ended(server.post("/jobs", {"data": job}).data["id"])
        assert "no captions in xx" in ended["results"][0]["message"]
        refused = [
            server.post("/download/video", {"data": {"video_id": video_id} | languages(bad)})
            for bad in (".*", "../../x", "", "en;rm", "x" * 50)
        ]
        assert {(each.status, each.code) for each in refused} == {(422, "E002")}
        assert "caption_languages" in refused[0].envelope["error"]["message"]
        job["options"] = languages(".*")
        assert server.post("/jobs", {"data": job}).code == "E002"


def huge(server: Server, base_path: Path, video_id: str) -> Path:
    """Make a video larger than any disk, until the returned file is deleted."""
    server.get(f"/download/formats/{video_id}")
    info = base_path / ".ytarchive" / "staging" / "info" / f"{video_id}.info.json"
    info_json = json.loads(info.read_text())
    for each in info_json["formats"]:
        each["filesize"] = 10**15
    info.write_text(json.dumps(info_json))
    return info


def test_a_job_continues_with_videos_that_fit_and_reports_the_others(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    large, small = video(youtube, 24), video(youtube, 25)
    with Server(environment(tmp_path / "archive", youtube)) as server:
        huge(server, tmp_path / "archive", large)
        options = {"include_metadata": False}  # it would be extracted anew
        job = {"type": "VIDEO_DOWNLOAD", "video_ids": [large, small], "options": options}
        path = f"/jobs/{server.post('/jobs', {'data': job}).data['id']}"
        until(lambda: stored(server, small), "the small one in the archive")
        until(lambda: server.get(path).data["progress"]["waiting_for"], "a reason")
        found = server.get(path).data
    assert found["status"] == "PENDING"
    assert found["progress"]["waiting_reason"] == "disk_full"
    assert f"{large}: the video needs" in found["progress"]["waiting_for"]
    assert [each["video_id"] for each in found["results"]] == [small]


def test_a_video_that_does_not_fit_waits_and_reports_the_reason(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    video_id = video(youtube, 22)
    with Server(environment(tmp_path / "archive", youtube)) as server:
        info = huge(server, tmp_path / "archive", video_id)
        asked = server.post("/download/video", {"data": {"video_id": video_id}})
        task_id = asked.data["task_id"]
        until(lambda: progress(server, task_id)["error"], "a reason")
        waiting = progress(server, task_id)
        assert (waiting["status"], waiting["error_code"]) == ("QUEUED", "E201")
        assert "MiB" in waiting["error"]
    assert not youtube.counters()["kinds"].get("media")
    info.unlink()
    with Server(environment(tmp_path / "archive", youtube)) as server:
        until(lambda: stored(server, video_id), "the video in the archive")


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs Linux's /proc")
def test_a_second_sigterm_ends_it_at_once_and_its_workers_with_it(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    youtube.behave(media_bytes_per_second=20_000)
    try:
        settings: dict[str, Any] = {"jobs__shutdown_grace": 300}
        server = Server(environment(tmp_path / "archive", youtube, **settings))
        server.start()
        assert server.process
        server.post(
            "/jobs", {"data": {"type": "VIDEO_DOWNLOAD", "video_ids": [video(youtube, 23)]}}
        )
        until(lambda: youtube.counters()["active_media"], "a transfer")
        server.process.send_signal(signal.SIGTERM)
        until(lambda: "stopping" in server.log.read_text(), "the grace to begin")
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 1  # long before the grace is over
        until(lambda: not youtube.counters()["active_media"], "the end of the transfer")
        until(lambda: not workers_of(tmp_path), "the end of the workers")
        server.start()  # its port is free, though it was killed in the middle of everything
        server.stop(signal.SIGKILL)
    finally:
        youtube.behave(media_bytes_per_second=None)


def workers_of(base: Path) -> list[str]:
    """The processes whose environment names this archive."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environ = (process / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(base) in environ and process.name != str(os.getpid()):
            found.append(process.name)
    return found


def test_a_separate_process_lets_its_transfer_finish_within_the_grace(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    settings = environment(tmp_path / "archive", youtube, jobs__shutdown_grace=60)
    video_id = video(youtube, 24)
    with Server(settings, ("--services", "jobs,metadata,storage,logging")) as main:
        apart = settings | {"YTARCHIVE_SERVICES__JOBS": main.url}
        try:
            youtube.behave(media_bytes_per_second=200_000)
            with Server(apart, ("--services", "download")) as download:
                asked = download.post("/download/video", {"data": {"video_id": video_id}})
                task_id = asked.data["task_id"]
                until(lambda: progress(download, task_id)["downloaded_bytes"] > 100_000, "bytes")
                assert download.process is not None
                download.process.send_signal(signal.SIGTERM)
                youtube.behave(media_bytes_per_second=None)
                assert download.process.wait(60) == 0
        finally:
            youtube.behave(media_bytes_per_second=None)
        until(lambda: stored(main, video_id), "the video in the archive")
