"""Commands that show something: their requests, their output, and their exit codes."""

import json
import signal
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import CHANNEL, FILM, LIST, NOON, TALK, Peers, running, stored
from ytarchive.common.models import ErrorDetail
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.download import ChoiceReason, FormatChoice, FormatsQuery
from ytarchive.jobs import (
    AvailabilityState,
    GovernorState,
    JobProgress,
    JobStatus,
    JobType,
    ServiceRegistry,
)
from ytarchive.logging import LogEntry, LogLevel
from ytarchive.storage import FailedDownload, UnavailableVideo, WorkPlan

# --- metadata, formats ----------------------------------------------------------------------


def test_metadata_distinguishes_a_video_a_channel_and_a_playlist(cli: Cli, archive: Peers) -> None:
    assert cli("metadata", f"https://youtu.be/{FILM}", "--json").json["video_id"] == FILM
    assert cli("metadata", "@films", "--json").json["channel_id"] == CHANNEL
    assert cli("metadata", CHANNEL, "--json").json["handle"] == "@films"
    assert cli("metadata", LIST, "--json").json["playlist_id"] == LIST


def test_metadata_for_people(cli: Cli, archive: Peers) -> None:
    video = cli("metadata", FILM).out
    assert "A film" in video
    assert "2:05" in video
    assert "Line one\nLine two" in "\n".join(line.rstrip() for line in video.splitlines())
    playlist = cli("metadata", LIST).out
    assert f"2  {TALK}          (not available)" in playlist


def test_metadata_is_requested_again_with_refresh(cli: Cli, archive: Peers) -> None:
    cli("metadata", FILM)
    cli("metadata", FILM, "--refresh")
    assert [query.refresh for query in archive.metadata.queries] == [False, True]


def test_metadata_can_be_stored_by_a_job(cli: Cli, archive: Peers) -> None:
    assert cli("metadata", FILM, "--save").code == 0
    cli("metadata", LIST, "--save")
    video, playlist = archive.jobs.requests
    assert (video.type, video.video_ids) == (JobType.METADATA_ONLY, [FILM])
    assert (playlist.type, playlist.playlist_id) == (JobType.METADATA_ONLY, LIST)


def test_formats_lists_the_formats(cli: Cli, archive: Peers) -> None:
    assert "137" in cli("formats", FILM).out
    assert cli("formats", FILM, "--json").json["formats"][0]["size_bytes"] == 10_000_000


def test_formats_shows_the_choice_and_its_reasons(cli: Cli, archive: Peers) -> None:
    archive.download.choice = FormatChoice(
        profile="small", wanted=ArchiveProfile(), format_ids=["134", "140"], container="mp4",
        quality="360p", fps=25, captions=["en"], automatic_captions=["fr"],
        reasons=[ChoiceReason(subject="picture", reason="360p is the next lower quality")],
    )  # fmt: skip
    shown = cli("formats", FILM, "--profile", "small", "--quality", "480p").out
    assert "134+140, mp4, 360p, 25 fps" in shown
    assert "en, fr automatic" in shown
    assert "360p is the next lower quality" in shown
    assert archive.download.queries == [FormatsQuery(profile="small", quality=Quality.P480)]
    assert archive.download.queries[0].model_fields_set == {"profile", "quality"}


# --- jobs -----------------------------------------------------------------------------------


def test_jobs_are_listed_with_their_state(cli: Cli, archive: Peers) -> None:
    progress = JobProgress(done=3, total=60, failed=1, unavailable=1)
    archive.jobs.listed = [
        archive.jobs.job("job-1", JobStatus.RUNNING, title="[bold]List", progress=progress)
    ]
    ran = cli("jobs", "list", "--status", "running")
    assert "job-1  RUNNING, 2 missing  3/60" in ran.out
    assert "[bold]List" in ran.out
    assert archive.jobs.queries[-1].status is JobStatus.RUNNING


def test_a_pause_is_shown_above_the_jobs(cli: Cli, archive: Peers) -> None:
    archive.jobs.governor.state = GovernorState(
        state="open", reason="bot_check", message="YouTube asks for a sign-in", opened_at=NOON,
        next_probe_at=NOON, pace="polite", videos_per_hour=180, ready_videos=0,
    )  # fmt: skip
    first = cli("jobs").out.splitlines()[0]
    assert first.startswith("Requests to YouTube are paused: YouTube asks for a sign-in")


def test_a_job_is_shown_with_its_results_and_titles(cli: Cli, archive: Peers) -> None:
    ran = cli("jobs", "show", "job-1")
    assert "COMPLETED" in ran.out
    assert f"success  {FILM}  A film" in ran.out


def test_a_job_that_is_not_there_is_exit_code_1(cli: Cli, archive: Peers) -> None:
    ran = cli("jobs", "show", "other")
    assert ran.code == 1
    assert ran.err.startswith("error: there is no job other. ")
    assert cli("jobs", "show", "other", "--json").json["error"]["code"] == "E013"


def test_an_invalid_job_id_is_wrong_usage(cli: Cli, archive: Peers) -> None:
    assert cli("jobs", "show", "a/b").code == 2


def test_watching_as_json_gives_a_line_for_each_change(cli: Cli, archive: Peers) -> None:
    half = {"progress": JobProgress(done=0, total=1, active=[running()])}
    archive.jobs.moments = [{}, half, half]
    ran = cli("jobs", "watch", "job-1", "--json")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["status"] for line in lines] == ["RUNNING", "COMPLETED"]
    assert lines[0]["progress"]["active"][0]["phase"] == "video"


def test_retry_follows_the_job_and_prints_its_result(cli: Cli, archive: Peers) -> None:
    ran = cli("jobs", "retry", "job-1")
    assert ran.code == 0
    assert archive.jobs.retried == ["job-1"]
    assert "1 stored." in ran.out


def test_cancel_prints_a_confirmation(cli: Cli, archive: Peers) -> None:
    assert "job job-1 is cancelled" in cli("jobs", "cancel", "job-1").out
    assert cli("jobs", "cancel", "job-1", "--json").json["status"] == "CANCELLED"


# --- work plans -----------------------------------------------------------------------------


def test_a_work_plan_shows_what_is_missing_and_why(cli: Cli, archive: Peers) -> None:
    archive.storage.plans = [plan("job-1")]
    assert "plan-1" in cli("workplan").out
    shown = cli("workplan", "show", "plan-1").out
    assert f"private      {TALK}  A talk  Private video" in shown
    assert f"failed (4x)  {FILM}  A film  connection reset" in shown


def plan(job_id: str | None) -> WorkPlan:
    gone = UnavailableVideo(
        video_id=TALK, title="A talk", reason="private", detected_at=NOON, evidence="Private video"
    )
    reset = ErrorDetail(code="E140", message="connection reset")
    failed = FailedDownload(
        video_id=FILM, title="A film", attempts=4, last_attempt=NOON, errors=[reset]
    )
    return WorkPlan(
        id="plan-1", created_at=NOON, updated_at=NOON, unavailable_videos=[gone],
        failed_downloads=[failed], total_videos=3, successful_videos=1, job_id=job_id,
    )  # fmt: skip


# --- storage --------------------------------------------------------------------------------


def test_stats_are_shown(cli: Cli, archive: Peers) -> None:
    assert "2.5 MB" in cli("storage").out
    assert cli("storage", "stats", "--json").json["total_videos"] == 1


def test_a_stored_video_is_shown_with_its_place(cli: Cli, archive: Peers) -> None:
    shown = cli("storage", "show", FILM).out
    assert "A film" in shown
    assert f"/archive/videos/{FILM}/{FILM}.mp4" in shown
    found = cli("storage", "show", FILM, "--json").json
    assert (found["exists"], found["metadata"]["title"]) == (True, "A film")


def test_a_video_that_is_not_stored_is_exit_code_1(cli: Cli, archive: Peers) -> None:
    ran = cli("storage", "show", TALK)
    assert ran.code == 1
    assert f"the archive has no file of {TALK}" in ran.err


def test_exists_answers_with_its_exit_code(cli: Cli, archive: Peers) -> None:
    assert cli("storage", "exists", FILM).code == 0
    assert cli("storage", "exists", TALK).code == 1
    assert cli("storage", "exists", FILM, TALK).code == 1
    assert cli("storage", "exists", FILM, "--json").json["exists"] is True
    assert cli("storage", "exists", FILM, TALK, "--json").json["video_ids"] == [FILM]


@pytest.mark.parametrize("state", AvailabilityState)
def test_unavailable_videos_are_listed_by_state(
    cli: Cli, archive: Peers, state: AvailabilityState
) -> None:
    assert cli("storage", "availability", "--state", state.value).code == 0
    assert [query.state for query in archive.availability.missing] == [state]


# --- logs, metrics, quota, services ---------------------------------------------------------


def entry(message: str, seconds: float = 0, **fields: object) -> LogEntry:
    given = {"service": "jobs", "timestamp": datetime.now(UTC) + timedelta(seconds=seconds)}
    return LogEntry.model_validate({"message": message} | given | fields)


def test_the_latest_log_entry_comes_last(cli: Cli, archive: Peers) -> None:
    archive.logging.pages = [[entry("second", 1), entry("first \x1b[2J")]]
    first, second = cli("logs").out.splitlines()
    assert first.endswith("first �[2J")
    assert second.endswith("second")


def test_filters_of_logs_reach_the_service(cli: Cli, archive: Peers) -> None:
    cli(
        *("logs", "--service", "download", "--level", "warning", "--trace", "t-1"),
        *("--text", "reset", "--since", "2h", "--until", "2026-11-20T12:00:00Z", "--limit", "7"),
    )
    (query,) = archive.logging.queries
    assert (query.service, query.level, query.trace_id) == ("download", LogLevel.WARNING, "t-1")
    assert (query.text, query.limit, query.until) == ("reset", 7, NOON)
    assert query.since is not None
    assert timedelta(hours=2) <= datetime.now(UTC) - query.since < timedelta(hours=2, minutes=1)


def test_an_invalid_time_is_wrong_usage(cli: Cli, archive: Peers) -> None:
    assert cli("logs", "--since", "yesterday").code == 2


def test_logs_as_json_are_a_page(cli: Cli, archive: Peers) -> None:
    archive.logging.pages = [[entry("only")]]
    assert cli("logs", "--json").json["items"][0]["message"] == "only"


def test_following_shows_each_entry_once_in_order_of_arrival(
    cli: Cli, archive: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.cli.commands.logs._INTERVAL", 0.01)
    old, new, later, ancient = entry("old", -2), entry("new"), entry("later", 1), entry("ancient")
    ancient = ancient.model_copy(update={"timestamp": NOON.replace(year=1999)})
    archive.logging.pages = [[new, old], [new, later], [ancient], []]

    def enough() -> None:
        if len(archive.logging.queries) == 6:
            signal.raise_signal(signal.SIGINT)

    archive.logging.when_asked = enough
    ran = cli("logs", "-f", "--json", "--service", "jobs", "--limit", "2")
    shown = [json.loads(line)["message"] for line in ran.out.splitlines()]
    assert shown == ["old", "new", "later", "ancient"]
    asked = archive.logging.queries
    assert {query.service for query in asked} == {"jobs"}
    assert [query.follow for query in asked] == [True, False, True, True, True, True]
    assert [query.cursor for query in asked] == [None, None, "1", "3", "4", "5"]
    assert [query.limit for query in asked] == [1000, 2, 1000, 1000, 1000, 1000]


def test_metrics_have_name_tags_and_value(cli: Cli, archive: Peers) -> None:
    assert "videos  status=success         3" in cli("metrics").out
    assert cli("metrics", "--json").json[0]["tags"] == {"status": "success"}


def test_buckets_of_histograms_are_not_shown(cli: Cli, archive: Peers) -> None:
    assert "seconds_bucket" not in cli("metrics").out
    assert "12345678" in cli("metrics").out
    assert "seconds_bucket" in cli("metrics", "--json").out


def test_quota_shows_the_remaining_units(cli: Cli, archive: Peers) -> None:
    assert "42 of 10000 units" in cli("quota").out


def test_an_unhealthy_service_is_exit_code_1(cli: Cli, server: Peers) -> None:
    service = ServiceRegistry(
        service_name="download", url="http://127.0.0.1:8002", port=8002,
        health_endpoint="/api/v1/health", last_health_check=NOON, is_healthy=True,
    )  # fmt: skip
    server.registry.known = [service]
    assert cli("services").code == 0
    server.registry.known = [service.model_copy(update={"is_healthy": False})]
    ran = cli("services")
    assert ran.code == 1
    assert "unhealthy" in ran.out


def test_a_metadata_job_prints_its_result(cli: Cli, archive: Peers) -> None:
    archive.jobs.results = [stored(video_downloaded=False, quality=None, message="metadata stored")]
    assert "1 described." in cli("metadata", FILM, "--save").out
