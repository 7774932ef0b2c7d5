"""Every command of the command line while another command owns the archive."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from loguru import logger

from tests.harness import environment
from tests.integration.test_commands_together import downloading, ytarchive
from tests.standin import StandInProcess
from ytarchive.cli.root import COMMANDS, load_command, run

READING = {
    "jobs list": "",
    "jobs show": "{job}",
    "jobs retry --dry-run": "{job}",
    "jobs cancel --dry-run": "--all",
    "workplan list": "",
    "workplan show": "{plan}",
    "workplan retry --dry-run": "",
    "storage list": "",
    "storage search": "film",
    "storage stats": "",
    "storage show": "{video}",
    "storage exists": "{video}",
    "storage availability": "",
    "export download-archive": "",
    "export csv": "",
    "export json": "",
    "export bagit": "{folder}-bag",
    "trash list": "",
    "quarantine list": "",
    "feeds list": "",
    "notify list": "",
    "notify targets": "",
    "logs": "",
    "metrics": "",
    "quota": "",
    "services list": "",
    "profiles": "",
    "marks list": "",
    "history": "{video}",
    "refresh --dry-run": "",
    "subscriptions list": "",
    "subscriptions export": "",
    "subscriptions show": "{followed}",
    "retention list": "",
    "retention log": "",
    "views list": "",
    "views sync --dry-run": "",
    "config show": "",
    "config init": "",
    "config path": "",
    "backup": "{folder}",
    "doctor": "",
    "init": "",
}
"""Commands that run at the same time as any other one, each with its arguments."""

WRITING = {
    "serve": "--port 0",
    "download": "{video}",
    "playlist": "{list}",
    "metadata": "{video} --refresh",
    "formats": "{video}",
    "jobs retry": "{job}",
    "jobs cancel": "{job}",
    "pause": "",
    "resume": "",
    "workplan retry": "",
    "feeds add": "--profile music",
    "feeds remove": "abc",
    "feeds rotate": "abc",
    "notify test": "",
    "verify": "",
    "adopt": "{folder}",
    "adopt --dry-run": "{folder}",
    "import download-archive": __file__,
    "marks set": "{video} --keep",
    "refresh": "",
    "storage remove": "{video}",
    "subscribe": "{list}",
    "subscriptions edit": "{followed} --every 6h",
    "subscriptions pause": "{followed}",
    "subscriptions remove": "{followed}",
    "subscriptions resume": "{followed}",
    "subscriptions run": "--due",
    "subscriptions import": __file__,
    "subscriptions preview": "{followed}",
    "retention set": "{followed} --newest 5",
    "retention off": "{followed}",
    "retention preview": "",
    "retention run": "--due",
    "views add": "mine --policy library",
    "views remove": "library",
    "views sync": "",
    "trash restore": "{job}",
    "trash empty": "--yes",
    "quarantine restore": "{job}",
    "rebuild": "",
    "restore": "{folder}",
    "services remove": "jobs",
}
"""Commands that change the archive or send requests: they wait for their turn."""

APART = {"upgrade-ytdlp"}
"""Commands that use no archive."""

FOLLOWING = {"jobs watch": "{job}"}
"""Commands that read as long as another command works on the job, and otherwise work on it."""


def every_command() -> Iterator[str]:
    """Yield each command, and again with `--dry-run` if it has that option."""
    for name in COMMANDS:
        yield from _below(name, load_command(name))


def _below(name: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for each, below in command.commands.items():
            yield from _below(f"{name} {each}", below)
        return
    yield name
    if any("--dry-run" in parameter.opts for parameter in command.params):
        yield f"{name} --dry-run"


def test_every_command_is_listed_as_reading_or_writing() -> None:
    assert sorted(every_command()) == sorted([*READING, *WRITING, *APART, *FOLLOWING])


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess("--scenario", "demo", "--media-padding", "400000") as process:
        yield process


@pytest.fixture(scope="module")
def settings(youtube: StandInProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    base_path = tmp_path_factory.mktemp("every") / "archive"
    return environment(base_path, youtube, server__port=9)


@pytest.fixture(scope="module")
def owner(youtube: StandInProcess, settings: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A command that downloads, in an archive with a work plan and a backup."""
    assert ytarchive(settings, "playlist", youtube.ids["demo"]["playlist"]).returncode == 1
    folder = Path(settings["YTARCHIVE_STORAGE__BASE_PATH"]).with_name("backup")
    assert ytarchive(settings, "backup", str(folder)).returncode == 0
    assert ytarchive(settings, "subscribe", youtube.ids["demo"]["channel"]).returncode == 0
    with downloading(youtube, settings) as process:
        yield process


@pytest.fixture(scope="module")
def ids(
    youtube: StandInProcess, settings: dict[str, str], owner: "subprocess.Popen[bytes]"
) -> dict[str, str]:
    """The values of the placeholders in the arguments."""
    newest, oldest = json.loads(ytarchive(settings, "jobs", "--json").stdout)["items"]
    assert (newest["status"], oldest["status"]) == ("RUNNING", "COMPLETED")
    stored = next(each for each in oldest["results"] if each["status"] == "success")
    return {
        "job": oldest["id"],
        "plan": oldest["work_plan_id"],
        "video": stored["video_id"],
        "list": youtube.ids["demo"]["playlist"],
        "followed": youtube.ids["demo"]["channel"],
        "folder": str(Path(settings["YTARCHIVE_STORAGE__BASE_PATH"]).with_name("backup")),
    }


@pytest.fixture
def own_environment(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands run in this process, which is quicker, with the settings of the archive."""
    for name in set(os.environ) - set(settings):
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield
    logger.remove()


@pytest.mark.usefixtures("own_environment")
@pytest.mark.parametrize("command", READING)
def test_command_that_reads_works_during_another_command(
    command: str,
    ids: dict[str, str],
    owner: "subprocess.Popen[bytes]",
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run([*command.split(), *READING[command].format(**ids).split()])
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    assert printed.out
    assert owner.poll() is None


@pytest.mark.usefixtures("own_environment")
@pytest.mark.parametrize("command", FOLLOWING)
def test_command_that_follows_shows_the_result_during_another_command(
    command: str,
    ids: dict[str, str],
    owner: "subprocess.Popen[bytes]",
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run([*command.split(), *FOLLOWING[command].format(**ids).split()])
    printed = capsys.readouterr()
    assert (code, printed.err) == (1, "")  # videos of the job are unavailable
    assert ids["video"] in printed.out
    assert owner.poll() is None


@pytest.mark.usefixtures("own_environment")
@pytest.mark.parametrize("command", WRITING)
def test_command_that_writes_names_the_other_command_and_offers_to_wait(
    command: str,
    ids: dict[str, str],
    owner: "subprocess.Popen[bytes]",
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run([*command.split(), *WRITING[command].format(**ids).split()])
    printed = capsys.readouterr()
    assert code == 1
    assert f"process {owner.pid} (`ytarchive download " in printed.err
    assert "Wait for its end with `--wait`, or stop it" in printed.err
    assert owner.poll() is None


@pytest.mark.usefixtures("own_environment", "ids")
def test_filter_by_a_handle_that_only_youtube_knows_names_the_other_command(
    owner: "subprocess.Popen[bytes]", capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["storage", "list", "--channel", "@another-channel"]) == 1
    printed = capsys.readouterr()
    assert f"process {owner.pid} (`ytarchive download " in printed.err
    assert "--wait" in printed.err
