"""The command line for programs and people, mostly as a separate process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import FILM, Peers
from ytarchive import __version__
from ytarchive.cli.root import COMMANDS, load_command, root

HEAVY = ("pydantic", "aiohttp", "rich", "loguru", "yt_dlp", "asyncio", "sqlite3", "ssl")

OPTIONS = {
    "serve": "--host --port --separate-ports --services",
    "download": "--batch-file --quality --captions --no-captions --auto-captions --no-thumbnail "
    "--output-dir --force --priority --max-retries --detach",
    "playlist": "--batch-file --quality --captions --detach",
    "metadata": "--refresh --save",
    "formats": "",
    "jobs list": "--status --type --limit --cursor",
    "jobs show": "",
    "jobs watch": "",
    "jobs retry": "--reason --dry-run --detach",
    "jobs cancel": "",
    "workplan list": "--limit",
    "workplan show": "",
    "workplan retry": "--reason --dry-run --detach",
    "storage stats": "",
    "storage show": "",
    "storage exists": "",
    "storage list": "--channel --from --to --longer --shorter --captions --no-captions --sort "
    "--reverse --limit --cursor",
    "storage search": "--channel --from --to --longer --shorter --captions --no-captions --limit "
    "--lines --cursor",
    "logs": "--service --level --trace --text --since --until --limit --follow",
    "metrics": "",
    "quota": "",
    "services list": "",
    "services remove": "",
    "config show": "",
    "config path": "",
    "config init": "--force",
    "doctor": "",
    "upgrade-ytdlp": "",
}


def ytarchive(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ytarchive", *arguments],
        env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_version_is_printed_and_nothing_else() -> None:
    ran = ytarchive("--version")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"ytarchive {__version__}\n", "")


@pytest.mark.parametrize("line", [("--version", "--json"), ("--json", "--version")])
def test_the_version_is_an_object_with_json(cli: Cli, line: tuple[str, str]) -> None:
    assert cli(*line).json == {"version": __version__}


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_help_and_version_import_nothing_that_takes_time(argument: str) -> None:
    script = (
        "import sys; from ytarchive.cli.root import run; run([sys.argv[1]]); "
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, argument], capture_output=True, text=True, check=True
    )
    assert set(ran.stderr.split()).isdisjoint(HEAVY)


def test_the_root_help_has_the_summary_of_each_command(cli: Cli) -> None:
    shown = cli("--help").out
    context = click.Context(root)
    for name, (_, text) in COMMANDS.items():
        _, command, _ = root.resolve_command(context, [name])
        assert command is not None
        assert command.get_short_help_str(100) == text
        assert text in shown


@pytest.mark.parametrize("command", OPTIONS)
def test_the_help_of_a_command_lists_its_options(cli: Cli, command: str) -> None:
    ran = cli(*command.split(), "--help")
    assert ran.code == 0
    assert [option for option in OPTIONS[command].split() if option not in ran.out] == []
    assert "--json" in ran.out


def test_an_unknown_command_is_wrong_usage_and_the_likely_one_is_named(cli: Cli) -> None:
    ran = cli("dowload")
    assert ran.code == 2
    assert "'download'" in ran.err


def test_an_invalid_id_is_wrong_usage_with_a_one_line_message() -> None:
    ran = ytarchive("download", "nonsense")
    assert ran.returncode == 2
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.startswith("error: 'nonsense' is not a YouTube video, playlist or channel. Give ")


def test_a_server_that_does_not_answer_is_exit_code_3() -> None:
    ran = ytarchive("jobs", "--server", "http://127.0.0.1:9")
    assert ran.returncode == 3
    (line,) = ran.stderr.splitlines()
    assert line.startswith("error: ")
    assert "http://127.0.0.1:9 does not answer: connection refused." in line


def test_the_server_of_the_environment_is_used() -> None:
    ran = ytarchive("quota", "--json", YTARCHIVE_SERVER="http://127.0.0.1:9")
    assert ran.returncode == 3
    shown = json.loads(ran.stdout)
    assert shown["success"] is False
    assert shown["error"]["code"] == "E021"
    assert ran.stderr == ""


def test_a_server_without_http_in_its_address_is_wrong_usage(cli: Cli) -> None:
    ran = cli("--server", "localhost:8000", "jobs")
    assert ran.code == 2
    assert "http://" in ran.err


@pytest.mark.parametrize(
    "line",
    [
        "jobs show", "jobs list --status foo", "jobs --bogus", "dowload", "download",
        "download nonsense", "download AAAAAAAAAAA --quality 4k", "logs --since yesterday",
        "verify --sample 500%", "serve --services foo", "services remove", "quota extra",
        "playlist PLx --captions e$n", "--server nonsense jobs", "--config /nope/x.toml jobs",
        "restore /nope", "storage show ../x", "metadata xyz", "config init --config /dev/null/x",
        "views add new",
    ],
)  # fmt: skip
def test_every_failure_is_one_line_for_people_and_one_object_for_programs(
    cli: Cli, line: str
) -> None:
    shown = cli(*line.split())
    assert shown.code in {1, 2}
    assert shown.out == ""
    (said,) = shown.err.splitlines()
    assert said.startswith("error: ")
    assert "  " not in said
    assert not any(word in said for word in ("Value error", "Input should", "should match"))
    as_json = cli(*line.split(), "--json")
    assert as_json.code == shown.code
    assert as_json.err == ""
    assert as_json.json["success"] is False
    assert as_json.json["error"]["code"].startswith("E")
    assert as_json.json["error"]["message"]


def test_a_group_without_a_command_lists_its_commands(cli: Cli) -> None:
    assert "Commands:" in cli().err
    assert cli("--json").json["error"]["code"] == "E002"


@pytest.mark.parametrize("name", COMMANDS)
def test_no_summary_of_a_command_is_cut_at_80_columns(name: str) -> None:
    command = load_command(name)
    shown = command.get_help(click.Context(command, info_name=name, terminal_width=80))
    _, _, commands = shown.partition("Commands:")
    assert "..." not in commands


def test_no_line_ends_in_spaces(cli: Cli, archive: Peers) -> None:
    for line in ("quota", "config", "storage", f"metadata {FILM}", "metrics"):
        shown = cli(*line.split()).out
        assert shown
        assert [text for text in shown.splitlines() if text != text.rstrip()] == []


def test_a_setting_of_the_wrong_type_is_reported(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTARCHIVE_DOWNLOAD__CONCURRENCY", "many")
    where = "environment variable YTARCHIVE_DOWNLOAD__CONCURRENCY"
    said = f"error: download.concurrency ({where}): must be a whole number from 1 to 64. "
    assert cli("jobs").err.startswith(said)


def test_a_service_that_does_not_exist_cannot_be_served(cli: Cli) -> None:
    ran = cli("serve", "--services", "jobs,nonsense")
    assert ran.code == 2
    assert "nonsense" in ran.err
    assert "metadata" in ran.err


def test_a_missing_configuration_file_is_named(cli: Cli, tmp_path: Path) -> None:
    ran = cli("--config", str(tmp_path / "none.toml"), "jobs")
    assert ran.code == 1
    assert "none.toml does not exist" in ran.err


def test_wrong_usage_with_json_is_an_error_object(cli: Cli) -> None:
    ran = cli("download", FILM, "--quality", "4k", "--json")
    assert ran.code == 2
    assert ran.json["success"] is False
    assert "4k" in ran.json["error"]["message"]


@pytest.mark.parametrize("line", [("--json", "quota"), ("quota", "--json")])
def test_json_is_accepted_before_and_after_the_command(
    cli: Cli, archive: Peers, line: tuple[str, ...]
) -> None:
    assert cli(*line).json["used"] == 42


@pytest.mark.parametrize("line", [("--json", "jobs", "show"), ("jobs", "--json", "show")])
def test_json_is_accepted_before_a_command_of_a_group(
    cli: Cli, archive: Peers, line: tuple[str, ...]
) -> None:
    assert cli(*line, "job-1").json["id"] == "job-1"


def test_a_group_alone_runs_its_default_command(cli: Cli, archive: Peers) -> None:
    assert cli("jobs", "--json").json == {"items": [], "next_cursor": None, "skipped": []}
    assert cli("storage", "--json").json["base_path"] == "/archive"
    assert cli("jobs", "--limit", "3").code == 0
    assert archive.jobs.queries[-1].limit == 3


def test_an_unknown_command_of_a_group_is_named(cli: Cli) -> None:
    ran = cli("jobs", "remove")
    assert ran.code == 2
    assert "remove" in ran.err


def test_an_internal_error_shows_no_traceback(
    cli: Cli, archive: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive.metadata, "get_quota", None)
    ran = cli("quota")
    assert ran.code == 1
    assert ran.err.startswith("error: an internal error of ytarchive (TypeError")
    assert len(ran.err.splitlines()) == 1


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m ytarchive config show | head -1"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("file: ")
    assert ran.stderr == ""


def test_shells_complete_commands_and_options() -> None:
    completed = ytarchive(
        _YTARCHIVE_COMPLETE="bash_complete", COMP_WORDS="ytarchive do", COMP_CWORD="1"
    )
    assert completed.stdout.split() == ["plain,download", "plain,doctor"]
    completed = ytarchive(
        _YTARCHIVE_COMPLETE="bash_complete", COMP_WORDS="ytarchive download --qu", COMP_CWORD="2"
    )
    assert completed.stdout.split() == ["plain,--quality"]
