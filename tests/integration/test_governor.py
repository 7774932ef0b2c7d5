"""A bot check in real servers: no kind of request is sent to YouTube until it is over."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Answer, Server, environment, until
from tests.standin import StandInProcess

PAUSED = "E104"


def every_way(server: Server, video_id: str, playlist_id: str) -> list[Answer]:
    """One request of each kind that would be sent to YouTube at once."""
    return [
        server.get(f"/metadata/video/{video_id}"),
        server.get(f"/download/formats/{video_id}"),
        server.get(f"/metadata/playlist/{playlist_id}"),
        server.get("/metadata/channel/@somebody"),
    ]


@contextmanager
def servers(settings: dict[str, str], *, apart: bool) -> Iterator[tuple[Server, Server]]:
    """The server of Jobs, and that of Metadata and Download: the same, or a separate process."""
    if not apart:
        with Server(settings) as server:
            yield server, server
        return
    with Server(settings, ("--services", "jobs,storage,logging")) as main:
        known = settings | {"YTARCHIVE_SERVICES__JOBS": main.url}
        with Server(known, ("--services", "metadata,download")) as separate:
            until(lambda: len(main.get("/registry/services").data) == 5, "the services apart")
            yield main, separate


def job_for(server: Server, *video_ids: str) -> str:
    request = {"type": "VIDEO_DOWNLOAD", "video_ids": video_ids, "options": {"quality": "360p"}}
    job_id: str = server.post("/jobs", {"data": request}).data["id"]
    return job_id


def report_rate_limit(server: Server, source: str) -> None:
    """As a service apart does: a pause that can be over after a second."""
    error = {"code": "E101", "message": "too many requests", "details": {"retry_after": 1}}
    outcome = {"data": {"source": source, "error": error}}
    assert server.post("/governor/permits/has-ended/end", outcome).status == 200


def videos_of(youtube: StandInProcess) -> tuple[str, list[str]]:
    playlist_id: str = youtube.ids["playlist60"]["playlist"]
    videos: list[str] = youtube.ask("/catalogue")["playlists"][playlist_id]
    return playlist_id, videos


@pytest.mark.parametrize("apart", [False, True], ids=["one process", "apart"])
def test_a_block_of_one_request_pauses_all_others(tmp_path: Path, apart: bool) -> None:
    with (
        StandInProcess("--scenario", "playlist60") as youtube,
        servers(environment(tmp_path / "archive", youtube), apart=apart) as (main, separate),
    ):
        playlist_id, [first, second, third, *_] = videos_of(youtube)
        youtube.change_video(first, state="bot_check")
        assert separate.get(f"/metadata/video/{first}").code == "E102"
        governor = main.get("/governor").data
        assert (governor["state"], governor["reason"]) == ("open", "bot_check")

        youtube.reset()
        refused = every_way(separate, second, playlist_id)
        assert [answer.code for answer in refused] == [PAUSED] * len(refused)
        batch = separate.post("/metadata/batch", {"data": {"video_ids": [second, third]}})
        assert [each["reason"] for each in batch.data["missing"]] == ["paused", "paused"]
        accepted = separate.post("/download/video", {"data": {"video_id": third}})
        assert accepted.status == 202
        job_id = job_for(main, second, third)
        job = main.get(f"/jobs/{job_id}").data
        assert (job["status"], job["results"]) == ("PENDING", [])
        assert youtube.counters()["total"] == 0

        main.post("/governor/resume")
        assert main.ended(job_id)["status"] == "COMPLETED"
        until(
            lambda: main.get(f"/storage/exists/{third}").data["exists"],
            "the accepted download in the archive",
        )
        assert separate.get(f"/metadata/video/{second}").data["video_id"] == second


def test_a_job_in_separate_processes_uses_one_token_for_each_video(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    _, videos = videos_of(youtube)
    pace = {"download__pace": "polite", "download__videos_per_hour": 1, "download__burst": 9}
    settings = environment(tmp_path / "archive", youtube, **pace)
    with servers(settings, apart=True) as (main, separate):
        job = main.ended(job_for(main, *videos[:3]))
        assert (job["status"], main.get("/governor").data["ready_videos"]) == ("COMPLETED", 6)
        assert separate.get(f"/download/formats/{videos[3]}").status == 200
        assert main.get("/governor").data["ready_videos"] == 5


def test_a_killed_separate_process_releases_its_probe(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    _, [video_id, *_] = videos_of(youtube)

    def state(main: Server) -> Any:
        return main.get("/governor").data["state"]

    settings = environment(tmp_path / "archive", youtube)
    with servers(settings, apart=True) as (main, separate), ThreadPoolExecutor() as asking:
        report_rate_limit(main, video_id)
        assert state(main) == "open"
        youtube.add_fault(kind="watch", hang=True)
        asked = asking.submit(separate.get, f"/download/formats/{video_id}")
        until(lambda: state(main) == "probing", "a probe under way")
        separate.stop(signal.SIGKILL)
        assert isinstance(asked.exception(), OSError)
        until(lambda: state(main) == "open", "the probe to be given back")
        youtube.clear_faults()
        separate.start()
        assert main.ended(job_for(main, video_id))["status"] == "COMPLETED"
        assert state(main) == "closed"


def test_without_the_jobs_process_no_request_is_sent_and_a_download_waits(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    _, [video_id, other, *_] = videos_of(youtube)
    with servers(environment(tmp_path / "archive", youtube), apart=True) as (main, separate):
        main.stop(signal.SIGKILL)
        youtube.reset()
        assert separate.get(f"/download/formats/{video_id}").code == "E021"
        accepted = separate.post("/download/video", {"data": {"video_id": other}})
        assert accepted.status == 202
        until(lambda: f"{other} waits" in separate.log.read_text(), "the wait in the log")
        assert youtube.counters()["total"] == 0
        main.start()
        until(
            lambda: main.get(f"/storage/exists/{other}").data["exists"],
            "the accepted download in the archive",
        )


def test_a_page_of_the_data_api_does_not_prove_that_a_block_is_over(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    """The list has another source than the videos, which alone can show that the block is over."""
    playlist_id, _ = videos_of(youtube)
    settings = environment(tmp_path / "archive", youtube, youtube__api_key="standin-key")
    with Server(settings) as server:
        report_rate_limit(server, playlist_id)
        youtube.behave(everything_becomes="bot_check")
        request = {"type": "PLAYLIST_DOWNLOAD", "playlist_id": playlist_id}
        job_id = server.post("/jobs", {"data": request}).data["id"]
        until(
            lambda: server.get("/governor").data["reason"] == "bot_check",
            "the video that tries whether YouTube answers",
        )
        youtube.behave(everything_becomes=None)
        assert server.get(f"/jobs/{job_id}").data["progress"]["total"] > 0
        assert "the queue resumes" not in server.log.read_text()
