"""The real server, used with plain HTTP."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, call, environment, free_port, until
from tests.standin import StandInProcess
from ytarchive.common.config import StorageConfig
from ytarchive.storage import Access, open_identity

API_KEY: dict[str, Any] = {"youtube__api_key": "AIzaSyDemoKeyOfTheStandIn"}


def playlist(youtube: StandInProcess) -> tuple[str, list[str]]:
    """The id of the stand-in's playlist of 60, and its videos."""
    playlist_id = youtube.ids["playlist60"]["playlist"]
    entries: list[str] = youtube.ask("/catalogue")["playlists"][playlist_id]
    return playlist_id, entries


def playlist_job(server: Server, playlist_id: str, **options: object) -> str:
    data = {"type": "PLAYLIST_DOWNLOAD", "playlist_id": playlist_id, "options": options}
    created = server.post("/jobs", {"data": data})
    assert (created.status, created.data["status"]) == (201, "PENDING")
    job_id: str = created.data["id"]
    return job_id


def good(job: dict[str, Any]) -> int:
    """Videos that are in the archive; one stored when a process ended counts as skipped."""
    progress: dict[str, int] = job["progress"]
    return progress["succeeded"] + progress["skipped"]


def check_sums(base_path: Path, video_id: str) -> None:
    folder = base_path / "videos" / video_id
    subprocess.run(["sha256sum", "--quiet", "-c", "checksums.sha256"], cwd=folder, check=True)


def partial_files(base_path: Path) -> list[Path]:
    """Files under `videos` that no finished download has."""
    known = {".mp4", ".json", ".jpg", ".vtt", ".sha256"}
    return [f for f in (base_path / "videos").rglob("*") if f.is_file() and f.suffix not in known]


def test_a_playlist_with_unavailable_entries_is_archived_with_reasons(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    playlist_id, videos = playlist(youtube)
    dead = {videos[3]: "private", videos[7]: "deleted", videos[11]: "age_restricted"}
    states = {"private": "private", "deleted": "deleted", "age_restricted": "age_gated"}
    for video_id, reason in dead.items():
        youtube.change_video(video_id, state=states[reason])
    settings: dict[str, Any] = {
        "youtube__api_key": "AIzaSyDemoKeyOfTheStandIn",
        "download__concurrency": 8,
    }
    try:
        with Server(environment(tmp_path / "archive", youtube, **settings)) as server:
            job = server.ended(playlist_job(server, playlist_id, quality="360p"))
            plan = server.get(f"/storage/work-plans/{job['work_plan_id']}").data
            again = server.ended(playlist_job(server, playlist_id, quality="360p"))
    finally:
        for video_id in dead:
            youtube.change_video(video_id, state="ok")

    assert job["status"] == again["status"] == "COMPLETED"
    assert (job["progress"]["succeeded"], again["progress"]["skipped"]) == (57, 57)
    assert {v["video_id"]: v["reason"] for v in plan["unavailable_videos"]} == dead
    assert (plan["total_videos"], plan["successful_videos"]) == (60, 57)
    check_sums(tmp_path / "archive", videos[0])
    written = list((tmp_path / "archive" / "metadata" / "work_plans").glob("*_plan.json"))
    assert len(written) == 1
    assert again["work_plan_id"] == job["work_plan_id"]
    assert (job["progress"]["failed_before"], again["progress"]["failed_before"]) == (0, 3)


def test_the_metadata_of_a_playlist_costs_no_more_than_its_pages(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    playlist_id, _ = playlist(youtube)
    with Server(environment(tmp_path / "archive", youtube, **API_KEY)) as server:
        data = {"type": "METADATA_ONLY", "playlist_id": playlist_id}
        job = server.ended(server.post("/jobs", {"data": data}).data["id"])
        quota = server.get("/metadata/quota").data

    assert job["progress"]["succeeded"] == 60
    assert youtube.counters()["quota_used"] == quota["used"] <= 1 + 2 + 2
    assert "AIzaSy" not in server.log.read_text()


def test_a_killed_server_finishes_its_job_after_the_restart(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    playlist_id, videos = playlist(youtube)
    base_path = tmp_path / "archive"
    server = Server(environment(base_path, youtube, download__concurrency=4))
    server.start()
    job_id = playlist_job(server, playlist_id, quality="360p")
    until(lambda: server.get(f"/jobs/{job_id}").data["progress"]["done"] >= 5, "five videos")
    server.stop(signal.SIGKILL)
    assert partial_files(base_path) == []
    stored = {f.parent.name for f in base_path.glob("videos/*/*.mp4")}
    youtube.reset()
    with server:
        job = server.ended(job_id)
        fetched = {r["video_id"] for r in youtube.ask("/requests?kind=media&limit=10000")}

    assert (job["status"], good(job)) == ("COMPLETED", 60)
    assert len(stored) >= 5
    assert stored & fetched == set()
    assert partial_files(base_path) == []
    for video_id in videos:
        check_sums(base_path, video_id)


def test_five_ports_have_their_own_routes_and_health(tmp_path: Path) -> None:
    base = free_port(in_a_row=5)
    settings = environment(tmp_path / "archive", None)
    names = ["jobs", "metadata", "download", "storage", "logging"]
    paths = ["/jobs", "/metadata/quota", "/download/progress/x", "/storage/stats", "/logs"]
    with Server(settings, ("--separate-ports",), port=base):
        for offset, (name, own) in enumerate(zip(names, paths, strict=True)):
            url = f"http://127.0.0.1:{base + offset}/api/v1"
            assert call("GET", f"{url}/health").data["service"] == name
            own_codes = {call("GET", url + path).status for path in paths if path != own}
            assert own_codes == {404}
            if name != "download":
                assert call("GET", url + own).status == 200
        services = until(
            lambda: (
                (s := call("GET", f"http://127.0.0.1:{base}/api/v1/registry/services").data)
                and len(s) == 5
                and s
            ),
            "five services",
        )

    assert {s["service_name"]: s["port"] - base for s in services} == {
        name: offset for offset, name in enumerate(names)
    }
    assert all(s["is_healthy"] for s in services)


def test_jobs_wait_for_a_killed_download_process_and_continue_with_the_next(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    playlist_id, _ = playlist(youtube)
    jobs_port, download_port = free_port(), free_port()
    settings = environment(
        tmp_path / "archive",
        youtube,
        services__jobs=f"http://127.0.0.1:{jobs_port}",
        services__download=f"http://127.0.0.1:{download_port}",
    )
    rest = ("--services", "jobs,metadata,storage,logging")
    with Server(settings, rest, port=jobs_port) as main:
        download = Server(settings, ("--services", "download"), port=download_port)
        download.start()

        def health() -> dict[str, bool]:
            return {s["service_name"]: s["is_healthy"] for s in main.get("/registry/services").data}

        until(lambda: health().get("download"), "the download service to be known")
        job_id = playlist_job(main, playlist_id, quality="360p")
        until(lambda: main.get(f"/jobs/{job_id}").data["progress"]["done"] >= 3, "three videos")
        download.stop(signal.SIGKILL)
        until(lambda: health()["download"] is False, "the dead service to be seen")
        assert main.get(f"/jobs/{job_id}").data["status"] in {"PENDING", "RUNNING"}
        with download:
            job = main.ended(job_id)
            assert until(lambda: all(health().values()) and health(), "all to be well again")

    assert (job["status"], good(job)) == ("COMPLETED", 60)
    assert {r["attempts"] for r in job["results"] if r["status"] == "success"} == {1}


def test_a_separate_service_is_found_at_its_registered_address(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    """Only the separate process needs an address: that of Jobs."""
    _, [video_id, *_] = playlist(youtube)
    settings = environment(tmp_path / "archive", youtube)
    with Server(settings, ("--services", "jobs,metadata,storage,logging")) as main:
        apart = settings | {"YTARCHIVE_SERVICES__JOBS": main.url}
        with Server(apart, ("--services", "download")) as download:
            request = {"type": "VIDEO_DOWNLOAD", "video_ids": [video_id]}
            job = main.ended(main.post("/jobs", {"data": request}).data["id"])
            known = {s["service_name"]: s["url"] for s in main.get("/registry/services").data}
            duties = {(d["service"], d["name"]) for d in main.get("/schedule").data}
    assert duties > {("download", "cleaning of staging"), ("storage", "retention of the trash")}
    assert job["status"] == "COMPLETED"
    assert known["download"] == download.url


def test_a_trace_id_is_found_in_the_logs_of_every_service(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    _, videos = playlist(youtube)
    trace_id = "trace-of-a-client-1"
    with Server(environment(tmp_path / "archive", youtube)) as server:
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": [f"https://youtu.be/{videos[0]}"]}
        created = server.post("/jobs", {"trace_id": trace_id, "data": data})
        server.ended(created.data["id"])

        def services() -> set[str]:
            page = server.get(f"/logs?trace_id={trace_id}&limit=1000").data
            return {entry["service"] for entry in page["items"]}

        wanted = {"jobs", "metadata", "download", "storage"}
        until(lambda: wanted <= services(), "the entries of four services")

    assert created.headers["X-Trace-Id"] == created.envelope["trace_id"] == trace_id


def test_sigterm_ends_it_in_order_and_nothing_is_lost(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    playlist_id, _ = playlist(youtube)
    settings = environment(tmp_path / "archive", youtube, jobs__shutdown_grace=1)
    server = Server(settings)
    server.start()
    job_id = playlist_job(server, playlist_id, quality="360p")
    until(lambda: server.get(f"/jobs/{job_id}").data["progress"]["done"] >= 2, "two videos")
    code = server.stop(signal.SIGTERM)
    with server:
        job = server.ended(job_id)

    assert code == 0
    assert (job["status"], good(job)) == ("COMPLETED", 60)


def serve_once(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A server that is expected not to start."""
    command = [sys.executable, "-m", "ytarchive", "serve", "--port", str(free_port()), *arguments]
    return subprocess.run(
        command, env=settings, capture_output=True, text=True, timeout=30, check=False
    )


def state_of_new_archive(base_path: Path) -> Path:
    """An archive without any database; its state folder."""
    open_identity(StorageConfig(base_path=base_path), Access.CREATE)
    (base_path / ".ytarchive").mkdir()
    return base_path / ".ytarchive"


def test_a_second_process_gets_the_owner_of_the_archive(tmp_path: Path) -> None:
    settings = environment(tmp_path / "archive", None)
    with Server(settings) as server:
        assert server.process is not None
        second = serve_once(settings)

    assert second.returncode == 1
    assert f"belongs to process {server.process.pid}" in second.stderr
    assert server.url in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("database", ["jobs.db", "library.db", "metadata.db"])
def test_a_corrupt_database_is_reported_with_the_remedy(tmp_path: Path, database: str) -> None:
    state = state_of_new_archive(tmp_path / "archive")
    (state / database).write_bytes(b"this is not a database" * 1000)
    ended = serve_once(environment(tmp_path / "archive", None))

    assert ended.returncode == 1
    assert database in ended.stderr
    assert ("rebuild" if database == "library.db" else "restore") in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_corrupt_log_is_set_aside_and_prevents_no_start(tmp_path: Path) -> None:
    state = state_of_new_archive(tmp_path / "archive")
    (state / "logs.db").write_bytes(b"this is not a database" * 1000)
    with Server(environment(tmp_path / "archive", None)) as server:
        assert server.get("/logs").status == 200

    assert "logs.db" in server.log.read_text()
    assert [f for f in state.glob("logs.db*") if f.read_bytes().startswith(b"this is not")]


def test_a_base_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file, not a folder")
    ended = serve_once(environment(tmp_path / "archive", None))

    assert ended.returncode == 1
    assert str(tmp_path / "archive") in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with Server(environment(tmp_path / "one", None)) as server:
        ended = serve_once(environment(tmp_path / "two", None), "--port", str(server.port))

    assert ended.returncode == 1
    assert str(server.port) in ended.stderr
    assert "Traceback" not in ended.stderr
