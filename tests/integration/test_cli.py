"""The command as a user runs it: processes, real yt-dlp, real files, the stand-in YouTube."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Server, environment, until
from tests.standin import StandInProcess

Environment = dict[str, str]


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    """A stand-in YouTube with a few films, one of each state, and hostile titles."""
    scenarios = ("--scenario", "demo", "states", "hostile")
    with StandInProcess(*scenarios, "--media-padding", "400000") as process:
        yield process


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> Iterator[Environment]:
    """The environment of commands that archive into a folder of the test's own."""
    yield environment(tmp_path / "archive", youtube, server__port=9)
    youtube.behave(media_bytes_per_second=None)


def command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "ytarchive", *arguments]


def ytarchive(settings: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(arguments), env=settings, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_stored_video_is_skipped_by_the_second_run(
    youtube: StandInProcess, settings: Environment, tmp_path: Path
) -> None:
    video = youtube.ids["demo"]["video"]
    first = ytarchive(settings, "download", f"https://www.youtube.com/watch?v={video}")
    assert (first.returncode, first.stderr) == (0, "")
    assert f"success  {video}  A short film with chapters" in first.stdout
    file = tmp_path / "archive" / "videos" / video / f"{video}.mp4"
    assert "1 stored." in first.stdout
    assert f"Archive: {file}" in first.stdout
    assert file.stat().st_size > 400_000

    fetched = youtube.counters()["kinds"]["media"]
    second = ytarchive(settings, "download", video)
    assert (second.returncode, second.stderr) == (0, "")
    assert "Already in the archive: nothing was downloaded." in second.stdout
    assert youtube.counters()["kinds"]["media"] == fetched
    assert ytarchive(settings, "storage", "exists", video).returncode == 0


def test_a_playlist_with_unavailable_entries_exits_1_and_names_them(
    youtube: StandInProcess, settings: Environment
) -> None:
    ran = ytarchive(settings, "playlist", youtube.ids["demo"]["playlist"], "--quality", "360p")
    assert ran.returncode == 1
    assert re.search(r"unavailable  \S{11}  .*private: ", ran.stdout)
    assert re.search(r"unavailable  \S{11}  .*deleted: ", ran.stdout)
    assert re.search(r"^5 stored, 3 unavailable\.$", ran.stdout, re.MULTILINE)

    shown = re.search(r"`ytarchive workplan show (\S+)`", ran.stdout)
    assert shown is not None
    plan = json.loads(ytarchive(settings, "workplan", "show", shown[1], "--json").stdout)
    assert {each["reason"] for each in plan["unavailable_videos"]} >= {"private", "deleted"}


def test_json_is_one_document_on_a_clean_output(
    youtube: StandInProcess, settings: Environment
) -> None:
    ran = ytarchive(settings, "download", youtube.ids["states"]["private"], "--json")
    job = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert job["status"] == "FAILED"
    assert job["results"][0]["error_code"] == "E110"


def test_an_interrupted_download_is_resumed(
    youtube: StandInProcess, settings: Environment, tmp_path: Path
) -> None:
    video = youtube.ids["demo"]["video"]
    youtube.behave(media_bytes_per_second=150_000)
    process = subprocess.Popen(
        command(("download", video)), env=settings, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    staging = tmp_path / "archive" / ".ytarchive" / "staging"
    until(lambda: [f for f in staging.rglob("*.part") if f.stat().st_size > 0], "a partial file")
    process.send_signal(signal.SIGINT)
    _, output = process.communicate(timeout=15)
    assert process.returncode == 1
    assert "stopped: the job and fetched files are kept" in output
    assert "Traceback" not in output
    again = re.search(r"`ytarchive (jobs watch \S+)`", output)
    assert again is not None

    youtube.behave(media_bytes_per_second=None)
    ran = ytarchive(settings, *again[1].split())
    assert ran.returncode == 0
    assert "1 stored." in ran.stdout


def test_with_a_server_the_command_uses_it_and_shows_the_same(
    youtube: StandInProcess, settings: Environment
) -> None:
    video = youtube.ids["demo"]["video"]
    with Server(settings) as server:
        ran = ytarchive(settings, "--server", server.url, "download", video)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "1 stored." in ran.stdout
        services = json.loads(
            ytarchive(settings, "services", "--server", server.url, "--json").stdout
        )
        found = ytarchive(settings, "storage", "show", video)  # the lock file names the server
    assert {service["url"] for service in services} == {server.url}
    assert f"{video}.mp4" in found.stdout
    assert ytarchive(settings, "jobs", "--server", server.url).returncode == 3


def test_hostile_titles_reach_no_terminal(youtube: StandInProcess, settings: Environment) -> None:
    videos, playlist = youtube.ids["hostile"]["videos"], youtube.ids["hostile"]["playlist"]
    ran = ytarchive(settings, "playlist", "--quality", "360p", "--no-captions", playlist)
    assert f"{len(videos)} stored." in ran.stdout
    shown = ytarchive(settings, "storage", "show", "--", videos[0])
    logged = ytarchive(settings, "logs", "--limit", "1000")
    for text in (ran.stdout, ran.stderr, shown.stdout, logged.stdout):
        assert [c for c in text if not c.isprintable() and c not in "\n\u200c\u200d"] == []


def test_doctor_finds_everything_through_the_proxy(settings: Environment) -> None:
    ran = ytarchive(settings, "doctor", "--json")
    verdicts = {check["name"]: check["verdict"] for check in json.loads(ran.stdout)["checks"]}
    assert ran.returncode == 0
    assert verdicts["network"] == verdicts["archive"] == verdicts["ffmpeg"] == "ok"
    assert ytarchive(settings, "init").returncode == 0
    ran = ytarchive(settings, "doctor", "--json")
    verdicts = {check["name"]: check["verdict"] for check in json.loads(ran.stdout)["checks"]}
    assert verdicts["database"] == "ok"


def test_a_read_only_archive_causes_one_message(settings: Environment, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = ytarchive(settings, "--base-path", str(tmp_path / "file" / "archive"), "jobs")
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line.startswith("error: ")
    assert str(tmp_path / "file") in line


def test_a_rebuild_prints_its_result_and_no_log(settings: Environment, tmp_path: Path) -> None:
    assert ytarchive(settings, "init").returncode == 0
    (tmp_path / "archive" / "videos").mkdir()
    rebuilt = ytarchive(settings, "rebuild", "--json")
    assert (rebuilt.returncode, rebuilt.stderr) == (0, "")
    assert json.loads(rebuilt.stdout)["problems"] == 0


@pytest.mark.parametrize("zone", ["XXX+50", "No/Such/Zone"])
def test_unusual_time_zones_stop_no_command(settings: Environment, zone: str) -> None:
    ran = ytarchive(settings | {"TZ": zone}, "init")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ytarchive(settings | {"TZ": zone}, "logs").returncode == 0


@pytest.mark.parametrize("arguments", ["config show", "config show --json", "--help"])
def test_a_full_disk_of_standard_output_is_reported(settings: Environment, arguments: str) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123  # a device, not a file
        ran = subprocess.run(
            command(tuple(arguments.split())), env=settings, stdout=full, stderr=subprocess.PIPE,
            text=True, timeout=60, check=False,
        )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: standard output cannot be written: No space left")
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize(("arguments", "code"), [("config show", 0), ("nonsense", 2)])
def test_closed_and_full_streams_change_no_exit_code(
    settings: Environment, closed: str, arguments: str, code: int
) -> None:
    line = f'exec "$0" -m ytarchive {arguments} {closed}'
    ran = subprocess.run(
        ["sh", "-c", line, sys.executable], env=settings, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == code
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-16"])
def test_titles_are_printed_in_any_encoding(
    settings: Environment, encoding: str, tmp_path: Path
) -> None:
    name = "größe-東京-🎬"
    file = tmp_path / "settings.toml"
    file.write_text(f'[storage]\nstate_dir = "/tmp/{name}"\n', "utf-8")
    ran = subprocess.run(
        command(("config", "show", "--config", str(file))),
        env=settings | {"PYTHONIOENCODING": encoding}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr.decode(encoding)) == (0, "")
    shown = name.encode(encoding, "replace").decode(encoding)
    assert shown in ran.stdout.decode(encoding)
