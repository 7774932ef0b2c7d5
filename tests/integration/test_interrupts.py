"""Ctrl-C ends every kind of command with the documented exit status, once and twice."""

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
    """A stand-in YouTube with slow media."""
    with StandInProcess("--scenario", "demo", "--media-padding", "400000") as process:
        process.behave(media_bytes_per_second=150_000)
        yield process


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> Environment:
    return environment(tmp_path / "archive", youtube, server__port=9, jobs__shutdown_grace=0)


def started(settings: Environment, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "ytarchive", *arguments],
        env=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def interrupted(process: "subprocess.Popen[str]", times: int) -> tuple[int, str]:
    """The exit status and what was written, after so many interrupts."""
    for _ in range(times):
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return process.returncode, out + err


def is_transferring(tmp_path: Path) -> bool:
    staging = tmp_path / "archive" / ".ytarchive" / "staging"
    return any(file.stat().st_size for file in staging.rglob("*.part"))


@pytest.mark.parametrize("times", [1, 2])
def test_a_download_without_a_server_ends_with_1(
    youtube: StandInProcess, settings: Environment, tmp_path: Path, times: int
) -> None:
    process = started(settings, "download", youtube.ids["demo"]["video"])
    until(lambda: is_transferring(tmp_path), "a transfer")
    code, written = interrupted(process, times)
    assert (code, "Traceback" in written) == (1, False)


def test_watching_a_server_and_following_its_log_end_with_1_and_the_server_with_0(
    youtube: StandInProcess, settings: Environment, tmp_path: Path
) -> None:
    with Server(settings) as server:
        download = ("--server", server.url, "download", youtube.ids["demo"]["video"])
        watching = started(settings, *download)
        until(lambda: is_transferring(tmp_path), "a transfer")
        following = started(settings, "--server", server.url, "logs", "-f")
        assert following.stdout is not None
        assert following.stdout.readline()
        for process, times in ((watching, 1), (following, 2)):
            code, written = interrupted(process, times)
            assert (code, "Traceback" in written) == (1, False)
        assert server.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("module", ["click.core", "asyncio.events", "rich.console", "pydantic"])
@pytest.mark.parametrize(
    "interrupt",
    [
        "os.kill(os.getpid(), signal.SIGINT)",
        # Dataclasses and named tuples run source text, inside of which Python notes an interrupt.
        "exec('raise KeyboardInterrupt')",
    ],
    ids=["signal", "inside exec"],
)
def test_an_interrupt_while_modules_are_imported_ends_with_1(
    settings: Environment, tmp_path: Path, module: str, interrupt: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        f"            {interrupt}\n"
        "sys.meta_path.insert(0, Interrupt())\n"
    )
    process = started(settings | {"PYTHONPATH": str(tmp_path)}, "storage", "list")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (1, "", "")
