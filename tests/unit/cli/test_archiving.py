"""`download` and `playlist`: their requests to the archive, and their output."""

import io
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from loguru import logger

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import CHANNEL, FILM, LIST, NOON, TALK, Peers, running, stored
from ytarchive.common.channel_lists import VideoKind
from ytarchive.common.errors import ServiceUnavailable
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.jobs import JobOptions, JobProgress, JobResult, JobStatus, JobType, VideoFilter
from ytarchive.storage import UnavailableVideo, WorkPlan


def test_download_queues_one_job_for_ids_and_addresses(cli: Cli, archive: Peers) -> None:
    ran = cli("download", FILM, f"https://youtu.be/{TALK}?t=3", FILM)
    assert ran.code == 0
    (request,) = archive.jobs.requests
    assert request.type is JobType.VIDEO_DOWNLOAD
    assert request.video_ids == [FILM, TALK]
    assert request.options == JobOptions()


def test_every_option_reaches_the_job(cli: Cli, archive: Peers) -> None:
    cli(
        *("download", FILM, "--quality", "720p", "--captions", "de, en", "--auto-captions"),
        *("--no-thumbnail", "--output-dir", "films/new", "--force", "--priority", "7"),
        *("--max-retries", "0"),
    )
    assert archive.jobs.requests[0].options == JobOptions(
        quality=Quality.P720, caption_languages=["de", "en"], auto_captions=True,
        include_thumbnail=False, output_dir="films/new", skip_existing=False, priority=7,
        max_retries=0,
    )  # fmt: skip


@pytest.mark.parametrize("command", ["playlist", "download"])
def test_filter_reaches_the_jobs_of_lists(cli: Cli, archive: Peers, command: str) -> None:
    sources = [CHANNEL] if command == "playlist" else [CHANNEL, FILM]
    cli(
        *(command, *sources, "--since", "2026-01-31T00:00:00Z", "--newest", "5", "--no-shorts"),
        *(
            "--no-live",
            "--no-premieres",
            "--match",
            "news",
            "--match",
            "week*review",
            "--exclude",
            "/trailer$/",
        ),
        *("--match-description", "a", "--exclude-description", "b", "--no-members"),
        *("--min-duration", "1m", "--max-duration", "2h", "--max-age", "36h"),
        *("--in-language", "en,de", "--max-videos", "3", "--max-videos-per-day", "9"),
        *("--max-size", "20GB", "--max-size-per-day", "1GiB"),
    )
    *others, job = archive.jobs.requests
    assert job.options.filter == VideoFilter(
        since=datetime(2026, 1, 31, tzinfo=UTC), newest=5, kinds=[VideoKind.VIDEO],
        include_titles=["news", "week*review"], exclude_titles=["/trailer$/"],
        include_descriptions=["a"], exclude_descriptions=["b"], members_only=False,
        min_duration=60, max_duration=7200, max_age_days=1.5, languages=["en", "de"],
        max_videos=3, max_videos_per_day=9, max_bytes=20 * 10**9, max_bytes_per_day=2**30,
    )  # fmt: skip
    assert [each.options.filter for each in others] == [VideoFilter()] * (len(sources) - 1)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["download", FILM, "--no-shorts"], "need a playlist or channel"),
        (["playlist", LIST, "--newest", "3"], "newest needs a channel"),
        (["playlist", CHANNEL, "--newest", "0"], "--newest"),
        (["playlist", CHANNEL, "--match", "/(/"], "/(/ is no regular expression: missing )"),
        (["playlist", CHANNEL, "--in-language", "klingon!"], "is no language code"),
    ],
)
def test_filter_that_cannot_apply_is_refused(
    cli: Cli, archive: Peers, arguments: list[str], reason: str
) -> None:
    ran = cli(*arguments)
    assert ran.code == 2
    assert reason in ran.err
    assert not archive.jobs.requests


def test_captions_can_be_left_out(cli: Cli, archive: Peers) -> None:
    cli("playlist", LIST, "--no-captions")
    assert not archive.jobs.requests[0].options.include_captions


def test_a_channel_can_be_listed_in_full(cli: Cli, archive: Peers) -> None:
    cli("playlist", CHANNEL, "--full")
    cli("playlist", CHANNEL)
    assert [request.options.full_listing for request in archive.jobs.requests] == [True, False]


def test_an_id_may_begin_with_a_dash(cli: Cli, archive: Peers) -> None:
    cli("download", "-wNyEUrxzFU", "--quality", "720p", FILM)
    assert archive.jobs.requests[0].video_ids == [FILM, "-wNyEUrxzFU"]
    assert archive.jobs.requests[0].options.quality is Quality.P720


def test_a_batch_file_has_one_id_a_line_and_comments(
    cli: Cli, archive: Peers, tmp_path: Path
) -> None:
    file = tmp_path / "wanted.txt"
    file.write_text(f"\ufeff# films\n{FILM}  # the first\n\n  https://youtu.be/{TALK}#t=3\n")
    assert cli("download", "--batch-file", str(file)).code == 0
    assert archive.jobs.requests[0].video_ids == [FILM, TALK]


def test_a_batch_comes_from_standard_input(
    cli: Cli, archive: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{LIST}\n@films".encode())))
    assert cli("playlist", "-a", "-").code == 0
    assert [request.playlist_id for request in archive.jobs.requests] == [LIST, "@films"]


@pytest.mark.parametrize("detach", [(), ("--detach",)])
@pytest.mark.parametrize("command", ["download", "playlist"])
def test_invalid_lines_of_a_batch_are_reported_and_the_others_archived(
    cli: Cli, archive: Peers, tmp_path: Path, command: str, detach: tuple[str, ...]
) -> None:
    file = tmp_path / "wanted.txt"
    file.write_bytes(f"{LIST}\nnonsense\n\nhttps://www.youtube.com/@films/live\n@films\n".encode())
    ran = cli(command, "-a", str(file), *detach)
    assert ran.code == 1
    assert "line 2: 'nonsense' is not a YouTube" in ran.err
    assert "line 4: 'https://www.youtube.com/@films/live' is not" in ran.err
    assert "current live stream" in ran.err
    assert ran.out.endswith("2 invalid lines of the file not archived: lines 2, 4.\n")
    assert [request.playlist_id for request in archive.jobs.requests] == [LIST, "@films"]


def test_a_batch_without_a_valid_line_is_wrong_usage(
    cli: Cli, archive: Peers, tmp_path: Path
) -> None:
    file = tmp_path / "wanted.txt"
    file.write_text("nonsense\n")
    ran = cli("download", "-a", str(file))
    assert ran.code == 2
    assert "line 1: 'nonsense' is not a YouTube video, playlist or channel" in ran.err
    assert archive.jobs.requests == []


def test_download_accepts_videos_playlists_channels_and_tabs(cli: Cli, archive: Peers) -> None:
    cli("download", LIST, FILM, "https://www.youtube.com/@films/shorts", CHANNEL, TALK, "--full")
    videos, *lists = archive.jobs.requests
    assert (videos.type, videos.video_ids) == (JobType.VIDEO_DOWNLOAD, [FILM, TALK])
    assert {request.type for request in lists} == {JobType.PLAYLIST_DOWNLOAD}
    assert [request.playlist_id for request in lists] == [LIST, "@films:shorts", CHANNEL]
    assert all(request.options.full_listing for request in lists)


def test_an_address_with_a_video_and_a_playlist_means_what_the_command_archives(
    cli: Cli, archive: Peers
) -> None:
    both = f"https://www.youtube.com/watch?v={FILM}&list={LIST}"
    cli("download", both)
    cli("playlist", both)
    assert archive.jobs.requests[0].video_ids == [FILM]
    assert archive.jobs.requests[1].playlist_id == LIST


def test_a_video_given_as_a_playlist_and_the_reverse_get_a_hint(cli: Cli, archive: Peers) -> None:
    for wrong in (
        cli("playlist", f"https://youtu.be/{FILM}"),
        cli("formats", f"https://www.youtube.com/playlist?list={LIST}"),
    ):
        assert wrong.code == 2
        assert "`ytarchive download`" in wrong.err


def test_nothing_to_archive_is_wrong_usage(cli: Cli, archive: Peers) -> None:
    assert cli("download").code == 2


def test_the_summary_names_result_title_size_quality_and_place(cli: Cli, archive: Peers) -> None:
    ran = cli("download", FILM)
    assert f"success  {FILM}  A film  2.5 MB  1080p" in ran.out
    assert "1 stored." in ran.out
    assert f"Archive: /archive/videos/{FILM}/{FILM}.mp4" in ran.out


def test_a_second_run_says_that_nothing_was_downloaded(cli: Cli, archive: Peers) -> None:
    there = stored(status="skipped", message="already in the archive", video_downloaded=False)
    archive.jobs.results = [there]
    ran = cli("download", FILM)
    assert ran.code == 0
    assert "Already in the archive: nothing was downloaded." in ran.out


def test_a_download_that_was_not_stored_says_that_the_stored_copy_is_better(
    cli: Cli, archive: Peers
) -> None:
    message = "the stored copy was kept: the stored 1080p file is better: it has more lines"
    kept = stored(status="skipped", message=message)
    archive.jobs.results = [kept]
    ran = cli("download", FILM, "--force")
    assert f"Downloaded, but {message}." in ran.out
    assert "nothing was downloaded" not in ran.out
    there = stored(TALK, status="skipped", message="already in the archive", video_downloaded=False)
    archive.jobs.results = [kept, there]
    ran = cli("download", FILM, TALK)
    assert (
        "1 downloaded, but the stored copy was kept because it is better, 1 already in the archive."
        in " ".join(ran.out.split())
    )


def test_a_lower_quality_than_requested_is_reported(cli: Cli, archive: Peers) -> None:
    message = "1080p was not available; fetched 720p"
    archive.jobs.results = [stored(quality="720p", message=message)]
    assert message in cli("download", FILM).out


def test_missing_videos_are_reported_with_reason_plan_and_retry_command(
    cli: Cli, archive: Peers
) -> None:
    private = JobResult(
        video_id=TALK, status="unavailable", error_code="E110", message="Private video"
    )
    archive.jobs.results = [stored(), private]
    archive.jobs.work_plan_id = "plan-1"
    archive.storage.plans = [plan()]
    ran = cli("playlist", LIST)
    assert ran.code == 1
    assert f"unavailable  {TALK}  A talk          private: Private video" in ran.out
    assert "1 stored, 1 unavailable." in ran.out
    assert "ytarchive workplan show plan-1" in ran.out
    assert "ytarchive jobs retry job-1" in ran.out


def test_the_remedy_of_a_failure_is_printed_once(cli: Cli, archive: Peers) -> None:
    archive.jobs.results = [
        JobResult(video_id=each, status="failed", error_code="E204", message="ffmpeg was not found")
        for each in (FILM, TALK)
    ]
    assert cli("download", FILM, TALK).out.count("Reinstall ytarchive") == 1


def test_of_a_large_job_only_missing_videos_are_listed(cli: Cli, archive: Peers) -> None:
    ids = [f"video{number:06}" for number in range(200)]
    failed = [JobResult(video_id=each, status="failed", message="reset") for each in ids[:80]]
    archive.jobs.results = [*failed, *(stored(each) for each in ids[80:])]
    ran = cli("playlist", LIST)
    assert ran.out.count("reset") == 50
    assert "and 30 more missing" in ran.out
    assert ids[100] not in ran.out
    assert "120 stored, 80 failed." in ran.out


def test_a_list_that_does_not_exist_fails_with_its_reason(cli: Cli, archive: Peers) -> None:
    archive.jobs.results = []
    archive.jobs.error = "The playlist does not exist"
    ran = cli("playlist", LIST)
    assert ran.code == 1
    assert "The playlist does not exist" in ran.out


def test_an_incomplete_listing_is_a_failure_even_if_its_videos_are_stored(
    cli: Cli, archive: Peers
) -> None:
    archive.jobs.error = "the listing broke off"
    assert cli("playlist", LIST).code == 1


def test_json_is_the_job_and_nothing_else(cli: Cli, archive: Peers) -> None:
    archive.jobs.moments = [{"progress": JobProgress(total=1, active=[running()])}]
    ran = cli("download", FILM, "--json")
    assert ran.json["id"] == "job-1"
    assert ran.json["status"] == "COMPLETED"
    assert ran.json["created_at"] == "2026-11-20T12:00:00Z"
    assert ran.json["results"][0]["video_id"] == FILM
    assert ran.err == ""


def test_json_of_several_lists_is_an_array(cli: Cli, archive: Peers) -> None:
    ran = cli("--json", "playlist", LIST, CHANNEL)
    assert [job["id"] for job in ran.json] == ["job-1", "job-2"]


def test_detached_jobs_are_queued_and_not_followed(cli: Cli, server: Peers) -> None:
    ran = cli("download", FILM, "--detach")
    assert ran.code == 0
    assert "ytarchive jobs watch job-1" in ran.out
    assert ran.err == ""
    assert cli("download", FILM, "--detach", "--json").json["status"] == "PENDING"


def test_detached_without_a_server_reports_that_nothing_processes_it(
    cli: Cli, archive: Peers
) -> None:
    assert "No server is running" in cli("download", FILM, "--detach").err


def test_earlier_unfinished_jobs_are_mentioned_once_at_the_end(cli: Cli, archive: Peers) -> None:
    archive.jobs.listed = [
        archive.jobs.job("job-old", JobStatus.RUNNING),
        archive.jobs.job("job-1"),
    ]
    ran = cli("download", FILM)
    assert "1 earlier job is not finished" in ran.err
    assert "ytarchive jobs watch job-old" in ran.err


def test_a_server_finishes_its_jobs_without_being_reminded(cli: Cli, server: Peers) -> None:
    server.jobs.listed = [server.jobs.job("job-old", JobStatus.RUNNING)]
    assert cli("download", FILM).err == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_the_job_and_prints_how_to_continue(
    cli: Cli, archive: Peers, number: signal.Signals
) -> None:
    archive.jobs.moments = [{}] * 100
    archive.jobs.when_looked_at = lambda: signal.raise_signal(number)
    ran = cli("download", FILM)
    assert ran.code == 1
    assert "stopped: the job and fetched files are kept" in ran.err
    assert "`ytarchive jobs watch job-1`" in ran.err


def test_an_interrupt_does_not_stop_a_server(cli: Cli, server: Peers) -> None:
    server.jobs.moments = [{}] * 100
    server.jobs.when_looked_at = lambda: signal.raise_signal(signal.SIGINT)
    ran = cli("download", FILM, "--json")
    assert ran.code == 1
    assert "http://127.0.0.1:8000 continues" in ran.json["error"]["message"]
    assert "`ytarchive jobs watch job-1`" in ran.json["error"]["remedy"]


def test_titles_cannot_control_the_terminal(cli: Cli, archive: Peers) -> None:
    archive.storage.videos[FILM] = (
        "\x1b[31mred\x1b[0m [bold]x[/bold] :smile:\r\n\u202egnp.exe\ud800"
    )
    ran = cli("download", FILM)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    assert "�[31mred�[0m [bold]x[/bold] :smile:  �gnp.exe?" in ran.out


def plan() -> WorkPlan:
    gone = UnavailableVideo(video_id=TALK, title="A talk", reason="private", detected_at=NOON)
    return WorkPlan(
        id="plan-1", created_at=NOON, updated_at=NOON, unavailable_videos=[gone],
        failed_downloads=[], total_videos=2, successful_videos=1, job_id="job-1",
    )  # fmt: skip


def test_a_server_that_stops_is_reported_with_how_to_continue(cli: Cli, server: Peers) -> None:
    def gone() -> None:
        raise ServiceUnavailable("the jobs service does not answer")

    server.jobs.when_looked_at = gone
    ran = cli("download", FILM)
    assert ran.code == 1
    assert ran.err.startswith("stopped: http://127.0.0.1:8000 no longer answers. To continue: ")
    assert "`ytarchive jobs watch job-1`" in ran.err


@pytest.mark.parametrize(
    ("flags", "shown"), [((), []), (("-v",), ["queued"]), (("-vv",), ["detail", "queued"])]
)
def test_the_log_is_shown_from_the_requested_level(
    cli: Cli, archive: Peers, flags: tuple[str, ...], shown: list[str]
) -> None:
    def write() -> None:
        log = logger.bind(service="jobs")
        log.debug("detail")
        log.info("queued")
        log.warning("mind\x1b[2J")

    archive.jobs.when_looked_at = write
    lines = cli("download", FILM, *flags).err.splitlines()
    assert sorted({line.split()[-1] for line in lines if "mind" not in line}) == shown
    assert "mind" in lines[-1]
    assert not any("\x1b[2J" in line for line in lines)


def test_only_given_options_of_the_profile_are_sent(cli: Cli, archive: Peers) -> None:
    cli("download", FILM)
    cli("download", FILM, "--quality", JobOptions().quality.value, "--thumbnail")
    cli("download", FILM, "--captions", "en")
    profile = set(ArchiveProfile.model_fields)
    sent = [request.options.model_fields_set & profile for request in archive.jobs.requests]
    assert sent == [
        set(), {"quality", "include_thumbnail"}, {"caption_languages", "include_captions"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--quality", "8k", "'audio'"),
        ("--captions", "en,?", "'?' is no language code"),
        ("--caption-formats", "vtt,doc", "'vtt', 'srt' or 'original'"),
        ("--caption-formats", ",", "at least 1 item"),
        ("--audio-language", "all", "is no language code"),
    ],
)
def test_invalid_value_of_the_profile_is_refused(
    cli: Cli, archive: Peers, option: str, value: str, reason: str
) -> None:
    ran = cli("download", FILM, option, value)
    assert ran.code == 2
    assert reason in ran.err
    assert not archive.jobs.requests


def test_none_overrides_the_value_of_a_profile(cli: Cli, archive: Peers) -> None:
    cli("download", FILM, "--profile", "mine", "--audio-language", "none", "--container", "none")
    options = archive.jobs.requests[0].options
    assert options.model_fields_set >= {"audio_language", "container", "profile"}
    assert (options.profile, options.audio_language, options.container) == ("mine", None, None)
