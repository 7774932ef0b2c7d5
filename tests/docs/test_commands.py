"""Every command of the documents is run by a test, or is listed here with the reason why not."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
import pytest

from tests.docs.markdown import ROOT, document, documents
from tests.harness import call, environment, free_port, until
from tests.standin import StandInProcess
from ytarchive.cli.root import COMMANDS, load_command

GUIDES = [
    "README.md",
    "docs/tutorial.md",
    "docs/how-to.md",
    "docs/follow-channels.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "tests/standin/README.md",
]
"""The pages whose commands in running text count too; others mention commands only by name."""

PACKAGES = "installs packages from the internet"
LONG = "takes minutes to hours; `test_make_has_every_target` checks the target"
PART = "part of a command; complete ones are in tested blocks"

NOT_RUN = {
    "pipx install .": PACKAGES,
    "pipx ensurepath": "changes the shell's start files",
    "git pull": "needs a remote repository",
    "pipx install --force .": PACKAGES,
    'pipx runpip ytarchive install --upgrade "yt-dlp[default]"': PACKAGES,
    '"$HOME/.local/share/ytarchive-venv/bin/pip" install .': PACKAGES,
    '"$HOME/.local/share/ytarchive-venv/bin/pip" install --upgrade . "yt-dlp[default]"': PACKAGES,
    'python3 -m venv "$HOME/.local/share/ytarchive-venv"': "of no use without the packages",
    "make serve": PACKAGES,
    "make constraints": PACKAGES,
    "make test-newest-ytdlp": PACKAGES,
    "make demo": "run by `test_demo.py`",
    "make docs": "changes the documents of the clone",
    "make test": LONG,
    "make torture": LONG,
    "make bench": LONG,
    "make bench FULL=1": LONG,
    "python -m bench --only 1 2 3 --latency-ms 20": LONG,
    "python -m bench --only 1 2 3 --sizes 4": LONG,
    ".venv/bin/python -m pytest tests/unit/storage": "run by `make test`",
    "crontab -e": "opens an editor",
    "ytarchive download": PART,
    "ytarchive workplan show": PART,
    "ytarchive workplan retry": PART,
    "pip install 'ytarchive[notify]'": PACKAGES,
    "ytarchive upgrade-ytdlp": PACKAGES,
    "ytarchive resume": "run in a tested block",
    "ytarchive subscriptions show": PART,
    "pip install '.[notify]'": PACKAGES,
    "pipx inject ytarchive apprise": PACKAGES,
    "ytarchive notify": "shown by tests/unit/cli/test_notify.py",
    "ytarchive notify test": "shown by tests/unit/cli/test_notify.py",
    "curl --json": PART,
    "curl -X POST": PART,
}
SERVERS = [
    "ytarchive serve",
    "ytarchive serve --separate-ports",
    "ytarchive serve --services jobs,metadata,storage,logging",
    "YTARCHIVE_SERVICES__JOBS=http://127.0.0.1:8000 ytarchive serve --services download",
]
SHORT = [
    "ytarchive --version",
    "ytarchive doctor",
    "ytarchive jobs",
    "ytarchive marks list",
    "ytarchive rebuild",
    "ytarchive refresh",
    "ytarchive storage list --incomplete",
    "ytarchive verify",
    "ytarchive workplan",
]
STANDIN = "python -m tests.standin --scenario demo"
SETS_PATH = re.compile(r'export PATH="[^"]+:\$PATH"')
PROGRAM = re.compile(r"(\.venv/bin/python|ytarchive|make|python|pipx|pip|git|crontab|curl) ")


def commands_of(page: str) -> list[str]:
    """The commands of a page outside its tested blocks, without comments."""
    doc = document(page)
    shell = [b.code for b in doc.blocks if b.language == "sh" and b.mark != "tested"]
    lines = [line for code in shell for line in code.splitlines()]
    lines += re.findall(r"^    ((?:make|python) .*)$", doc.prose, re.MULTILINE)
    spans = doc.spans if page in GUIDES else []
    found = [re.sub(r"\s+#.*", "", line).strip() for line in lines]
    return found + [span for span in spans if PROGRAM.match(span)]


def test_every_command_is_run_or_listed_with_a_reason() -> None:
    pages = [doc.path.as_posix() for doc in documents()]
    found = {command for page in pages for command in commands_of(page)}
    found = {command for command in found if not SETS_PATH.fullmatch(command)}
    run = {*SERVERS, *SHORT, STANDIN}
    assert found - run - set(NOT_RUN) == set()
    mentioned = "\n".join(document(page).text for page in pages)
    assert [command for command in (*run, *NOT_RUN) if command not in mentioned] == []


def parameters(title: str, command: click.Command) -> Iterator[tuple[str, set[str]]]:
    """Yield the title of each section of the reference with the options that it has to describe."""
    yield (
        title,
        {
            name
            for each in command.params
            if isinstance(each, click.Option) and not each.hidden
            for name in each.opts
        },
    )
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from parameters(f"{title} {name}", below)


@pytest.mark.parametrize("name", COMMANDS)
def test_reference_describes_each_command_with_its_options(name: str) -> None:
    reference = (ROOT / "docs/commands.md").read_text("utf-8")
    for title, options in parameters(f"ytarchive {name}", load_command(name)):
        _, _, section = reference.partition(f"\n## {title}\n")
        described = section.partition("\n## ")[0]
        assert [each for each in options if each not in described] == []


def test_make_has_every_target() -> None:
    for command in NOT_RUN:
        if command.startswith("make "):
            done = subprocess.run([*command.split(), "--dry-run"], check=False, cwd=ROOT)
            assert done.returncode == 0, command


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a user whose archive has one video."""
    with StandInProcess() as youtube:
        video = youtube.ask("/videos", {"title": "A video"})["id"]
        found = environment(tmp_path_factory.mktemp("user") / "YTArchive", youtube)
        subprocess.run(
            [sys.executable, "-m", "ytarchive", "download", video], check=True, env=found
        )
        yield found


@pytest.mark.parametrize("command", SHORT)
def test_short_commands_succeed(command: str, variables: dict[str, str]) -> None:
    arguments = [sys.executable, "-m", *command.split()]
    done = subprocess.run(arguments, check=False, env=variables, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def started(command: str, variables: dict[str, str], **settings: object) -> subprocess.Popen[bytes]:
    """Start the server of a command as it is written, except its addresses."""
    *assignments, arguments = command.partition("ytarchive ")[::2]
    given = dict(each.split("=", 1) for text in assignments for each in text.split())
    chosen = {f"YTARCHIVE_{name.upper()}": str(value) for name, value in settings.items()}
    line = [sys.executable, "-m", "ytarchive", *arguments.split()]
    return subprocess.Popen(line, env=variables | given | chosen, stderr=subprocess.DEVNULL)


def ended(process: subprocess.Popen[bytes]) -> int:
    """Interrupt a server, and return its exit code."""
    process.send_signal(signal.SIGINT)
    return process.wait(30)


def answers(port: int, path: str) -> bool:
    return call("GET", f"http://127.0.0.1:{port}/api/v1{path}").status == 200


@pytest.mark.parametrize(("command", "ports"), [(SERVERS[0], 1), (SERVERS[1], 5)])
def test_server_runs_until_it_is_interrupted(
    command: str, ports: int, variables: dict[str, str]
) -> None:
    first = free_port(in_a_row=ports)
    process = started(command, variables, server__port=first)
    try:
        for port in range(first, first + ports):
            until(partial(answers, port, "/health"), f"port {port}")
    finally:
        assert ended(process) == 0


def test_services_run_in_separate_processes(variables: dict[str, str]) -> None:
    first, second = free_port(), free_port()
    jobs_url = f"http://127.0.0.1:{first}"
    download_url = f"http://127.0.0.1:{second}"
    jobs = started(SERVERS[2], variables, server__port=first, services__download=download_url)
    try:
        until(lambda: answers(first, "/storage/stats"), "the services of the first process")
        download = started(SERVERS[3], variables, server__port=second, services__jobs=jobs_url)
        try:
            until(lambda: answers(second, "/health"), "the service of the second process")
        finally:
            assert ended(download) == 0
    finally:
        assert ended(jobs) == 0


def test_the_stand_in_runs_as_a_separate_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, *STANDIN.split()[1:], "--dir", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert {"proxy_url", "ca_file", "ids"} <= set(json.loads(process.stdout.readline()))
    finally:
        assert ended(process) == 0
        process.stdout.close()
