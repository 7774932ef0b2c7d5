"""Commands about followed channels in a terminal of 80 columns, with titles in any script."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger
from rich.cells import cell_len

from tests.harness import environment
from tests.standin import StandInProcess
from ytarchive.cli.root import run

LONG = "A channel about the history of computing and everything that belongs to it " * 2
TITLES = [
    LONG,
    "日本の鉄道と駅を毎日撮影しているとても長い名前のチャンネル" * 3,
    "🎬🚂👩‍👩‍👧‍👦 " * 20,
]
COMMANDS = [
    "subscribe {0} {1} --newest 2 --no-shorts --exclude trailer --max-duration 2h",
    "subscribe {2} --cron",
    "subscriptions",
    "subscriptions run --due",
    "subscriptions",
    "subscriptions list",
    "subscriptions preview {0}",
    "subscriptions preview {1}",
    "subscriptions show {0}",
    "subscriptions edit {1} --every 6h --max-videos-per-day 3 --match-description about",
    "subscriptions show {1}",
    "subscriptions run {1}",
    "subscriptions pause {2}",
    "subscriptions show {2}",
    "subscriptions resume {2}",
    "subscriptions export {folder}/list.opml",
    "subscriptions import {folder}/list.opml",
    "subscriptions remove {0}",
    "pause --until 2099-01-01T00:00 --reason",
    "subscriptions show {2}",
    "subscriptions run {2}",
    "resume",
]
REASONS = {"subscribe": "30 6 * * 1-5 Europe/Berlin", "pause": "ディスクをコピーしています " * 6}
"""The last argument of commands that end with an option."""
TABLES = (
    "subscriptions",
    "subscriptions list",
    "subscriptions preview",
    "subscriptions show",
    "subscriptions show {2}",
)
"""Commands that print tables and facts; sentences are wrapped by the terminal alone."""
FAILING = {"subscriptions run {2}"}
"""Commands that the pause of the queue refuses."""


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess() as process:
        yield process


@pytest.fixture
def ids(
    youtube: StandInProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """Commands run in this process, with the settings of an archive; the ids of the channels."""
    settings = environment(
        tmp_path / "archive", youtube, server__port=9, profiles__default__quality="360p"
    )
    for name in set(os.environ) - set(settings):
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "80")
    made = []
    for index, title in enumerate(TITLES):
        channel = {"title": title, "handle": f"@channel{index}"}
        made.append(youtube.ask("/channels", channel)["id"])
        for number in range(3):
            youtube.ask("/videos", {"title": f"{title} {number}", "channel": made[-1]})
    yield made
    logger.remove()


def test_tables_about_followed_channels_fit_into_80_columns(
    ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide: list[str] = []
    for command in COMMANDS:
        line = command.format(*ids, folder=tmp_path).split()
        is_open = line[-1] in {"--cron", "--reason"}
        code = run([*line, REASONS[line[0]]] if is_open else line)
        printed = capsys.readouterr()
        assert (code == 0) is (command not in FAILING), f"{command}: {printed.err}"
        assert printed.out or command in FAILING, command
        if command.split(" {")[0] in TABLES:
            lines = printed.out.splitlines()
            assert lines[1:], command
            wide += [f"{command}: {each}" for each in lines if cell_len(each) > 80]
    assert wide == []
