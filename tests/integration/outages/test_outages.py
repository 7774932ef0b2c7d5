"""During any outage work waits, uses no attempt, and resumes automatically."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, until
from tests.integration.outages.connection import Connection
from tests.integration.outages.work import STORED, begin
from tests.standin import StandInProcess

_DIRECT_WAY = Path(__file__).with_name("direct_way")
_REPOSITORY = Path(__file__).parents[3]
_FRAGMENTS = {"manifest": "hls", "fragments": 4, "itags": [18]}
_LOG_IN = "<!doctype html><title>Log in</title><p>Log in to use this network."


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess("--media-padding", "400000") as process:
        yield process


@pytest.fixture
def connection(youtube: StandInProcess) -> Iterator[Connection]:
    with Connection(youtube) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess, connection: Connection) -> dict[str, str]:
    return environment(tmp_path / "archive", youtube, network__proxy=connection.url) | {
        "YTARCHIVE_NETWORK__TIMEOUT": "0.5"
    }


@pytest.mark.parametrize(
    ("fail", "api_key"),
    [
        (Connection.refuse, ""),
        (Connection.refuse, "standin-key"),
        (Connection.reset, ""),
        (Connection.be_silent, ""),
    ],
    ids=["proxy down", "proxy down, Data API", "connection reset", "timeout"],
)
def test_work_waits_while_the_connection_fails_and_resumes_by_itself(
    youtube: StandInProcess,
    connection: Connection,
    settings: dict[str, str],
    fail: Callable[[Connection], None],
    api_key: str,
) -> None:
    fail(connection)
    with Server(settings | {"YOUTUBE_API_KEY": api_key}) as server:
        work = begin(server, youtube)
        assert work.failures_while_waiting_for("network") == {}
        connection.restore()
        assert work.ends() == STORED


@pytest.mark.parametrize("cause", ["name not resolved", "connection refused"])
def test_work_waits_while_youtube_cannot_be_reached_without_a_proxy(
    youtube: StandInProcess, tmp_path: Path, cause: str
) -> None:
    port = tmp_path / "port"
    settings = environment(tmp_path / "archive", youtube) | {
        "PYTHONPATH": os.pathsep.join(map(str, (_DIRECT_WAY, _REPOSITORY))),
        "YOUTUBE_PORT": str(port),
    }
    for name in [n for n in settings if n.lower().endswith("_proxy")]:
        del settings[name]
    with Connection(youtube, is_direct=True) as connection:
        port.write_text("" if cause == "name not resolved" else str(connection.port))
        connection.refuse()
        with Server(settings) as server:
            work = begin(server, youtube)
            assert work.failures_while_waiting_for("network") == {}
            connection.restore()
            port.write_text(str(connection.port))
            assert work.ends() == STORED


@pytest.mark.parametrize(
    ("answer", "api_key"),
    [
        ({"status": 200, "body": _LOG_IN}, ""),
        ({"status": 200, "body": _LOG_IN}, "standin-key"),
        ({"status": 302, "location": "https://log-in.example/"}, ""),
    ],
    ids=["page", "page, Data API", "redirect"],
)
def test_work_waits_while_a_network_answers_with_its_log_in_page(
    youtube: StandInProcess, settings: dict[str, str], answer: dict[str, Any], api_key: str
) -> None:
    with Server(settings | {"YOUTUBE_API_KEY": api_key}) as server:
        youtube.add_fault(**answer)
        work = begin(server, youtube)
        assert work.failures_while_waiting_for("network", "api_failure") == {}
        youtube.clear_faults()
        assert work.ends() == STORED


@pytest.mark.parametrize("reason", ["rate_limited", "bot_check"])
def test_work_waits_while_youtube_blocks_the_address_and_resumes_after_the_pause(
    youtube: StandInProcess, settings: dict[str, str], reason: str
) -> None:
    if reason == "rate_limited":
        youtube.add_fault(status=429)
    else:
        youtube.behave(everything_becomes="bot_check")
    with Server(settings) as server:
        work = begin(server, youtube)
        assert work.failures_while_waiting_for(reason) == {}
        server.stop(signal.SIGKILL)
        youtube.clear_faults()
        youtube.behave(everything_becomes=None)
        _let_the_pause_end(Path(settings["YTARCHIVE_STORAGE__BASE_PATH"]))
        server.start()
        assert work.ends() == STORED


def _let_the_pause_end(archive: Path) -> None:
    """Simulate the end of the hour."""
    with sqlite3.connect(archive / ".ytarchive" / "jobs.db") as database:
        assert database.execute("UPDATE governor SET next_probe_at = 0").rowcount == 1
    database.close()


def test_direct_downloads_wait_during_a_pause_and_lookups_are_refused(
    youtube: StandInProcess, settings: dict[str, str]
) -> None:
    video_id = youtube.ask("/videos", {})["id"]
    with Server(settings) as server:
        server.post("/governor/pause")
        youtube.reset()
        work = begin(server, youtube)
        assert work.failures_while_waiting_for("paused") == {}
        for path in ("download/formats", "metadata/video"):
            refused = server.get(f"/{path}/{video_id}")
            assert (refused.status, refused.code) == (503, "E104")
            assert "ytarchive resume" in refused.envelope["error"]["message"]
        server.stop(signal.SIGKILL)
        server.start()
        assert work.failures_while_waiting_for("paused") == {}
        assert youtube.counters()["total"] == 0
        server.post("/governor/resume")
        assert work.ends() == STORED


@pytest.mark.parametrize("stream", [{}, _FRAGMENTS], ids=["whole", "fragments"])
@pytest.mark.parametrize("fail", [Connection.refuse, None], ids=["connection lost", "no bytes"])
def test_a_transfer_that_the_network_stops_uses_no_attempt_and_is_resumed(
    youtube: StandInProcess,
    connection: Connection,
    settings: dict[str, str],
    fail: Callable[[Connection], None] | None,
    stream: dict[str, Any],
) -> None:
    video_id = youtube.ask("/videos", stream)["id"]
    if fail is None:
        settings["YTARCHIVE_DOWNLOAD__STALL_TIMEOUT"] = "2"
    settings["YTARCHIVE_NETWORK__TIMEOUT"] = "20"
    youtube.reset()
    youtube.behave(media_bytes_per_second=100_000)
    started = 2 if stream else 1  # a later fragment must not be left out either
    options = {"quality": "360p", "max_retries": 0}
    data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video_id], "options": options}
    with Server(settings) as server:
        job_id = server.post("/jobs", {"data": data}).data["id"]
        until(lambda: youtube.counters()["kinds"].get("media", 0) == started, "the transfer")
        youtube.add_fault(kind="media", hang=True)
        # Restoring drops the open connections too, and never refuses a new one.
        (fail or Connection.restore)(connection)
        path = f"/jobs/{job_id}"
        until(lambda: server.get(path).data["progress"]["waiting_reason"] == "network", "the wait")
        waiting = server.get(path).data["progress"]["waiting_for"]
        assert ("no progress for 2 seconds" in waiting) is (fail is None)
        youtube.clear_faults()
        youtube.behave(media_bytes_per_second=None)
        connection.restore()
        [result] = server.ended(job_id)["results"]
    assert (result["status"], result["attempts"]) == ("success", 1)
