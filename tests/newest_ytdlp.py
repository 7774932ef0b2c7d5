"""Run the tests that use yt-dlp against its newest release, and report what differs.

`make test-newest-ytdlp` runs it. The newest release gets an environment of its own, `.venv-newest`;
`.venv` is not changed. Failing tests are repeated with the tested version, so that only true
differences between the versions are reported.
"""

import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
NEWEST = ROOT / ".venv-newest"
TESTS = ("tests/unit/ytdlp", "tests/integration", "tests/docs/test_demo.py")
"""All that depends on yt-dlp's behaviour; `tests/reliability` tests disks, databases and kills."""

_MINUTES = 6
_MINUTES_TO_REPEAT = 2
"""The limits for the tests: with `make test` before them, CI must end within 20 minutes."""
_REGISTRY_SECONDS = 60
_LONGEST_MESSAGE = 200


def main() -> int:
    """Return 0 if nothing differs, 1 if tests differ, 2 if the tests could not run."""
    tested = tested_version(CONSTRAINTS.read_text())
    newest = newest_version()
    if newest is None:
        say("The package index did not answer: nothing was tested with the newest yt-dlp.")
        return 2
    if newest == tested:
        say(f"yt-dlp {tested} is the newest release, and `make test` tests it: nothing to compare.")
        return 0
    say(f"Testing yt-dlp {newest}; the tested version is {tested}.")
    if not install():
        say(f"yt-dlp {newest} could not be installed; see {log_file()}.")
        return 2
    return compare(tested, newest)


def compare(tested: str, newest: str) -> int:
    """Run the tests with the newest release; repeat what fails with the tested version."""
    found = run_tests(NEWEST / "bin" / "python", TESTS, _MINUTES)
    log = log_file().read_text(errors="replace")
    again = Results()
    if found.failed:
        again = run_tests(Path(sys.executable), found.failed, _MINUTES_TO_REPEAT)
    log_file().write_text(log)
    differing = {name: why for name, why in found.failed.items() if name not in again.failed}
    for name, why in differing.items():
        say(f"differs: {name}: {why}")
    if not found.complete:
        say(f"The tests were stopped after {_MINUTES} minutes.")
    if differing:
        say(f"{len(differing)} tests fail with yt-dlp {newest} only; see {log_file()}.")
        return 1
    if found.complete:
        say(f"No test differs between yt-dlp {tested} and {newest}.")
    return 0 if found.complete else 2


def tested_version(constraints: str) -> str:
    """Return the version of yt-dlp in the text of `constraints.txt`."""
    found = re.search(r"^yt-dlp==(\S+)$", constraints, re.MULTILINE)
    if found is None:
        raise ValueError("constraints.txt names no version of yt-dlp; run `make constraints`")
    return found[1]


def newest_version() -> str | None:
    """Ask the package index for the newest release; None if it does not answer."""
    command: list[str] = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--report", "-"),
        *("--ignore-installed", "--no-deps", "--retries", "1", "--timeout", "15", "yt-dlp"),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_REGISTRY_SECONDS
        )
        return str(json.loads(done.stdout)["install"][0]["metadata"]["version"])
    except (OSError, subprocess.SubprocessError, ValueError, LookupError):
        return None


def install() -> bool:
    """Create `.venv-newest`: the tested versions of everything but yt-dlp."""
    others = NEWEST / "constraints.txt"
    python = NEWEST / "bin" / "python"
    if subprocess.run([sys.executable, "-m", "venv", NEWEST], check=False).returncode:
        return False
    lines = CONSTRAINTS.read_text().splitlines(keepends=True)
    others.write_text("".join(line for line in lines if not line.startswith("yt-dlp")))
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet"]
    named = {"PIP_CONSTRAINT": str(others.relative_to(ROOT))}
    steps = ([*pip, "-e", ".[dev]"], [*pip, "--upgrade", "yt-dlp[default]"])
    environments = (os.environ | named, os.environ)
    with log_file().open("w") as log:
        return all(
            subprocess.run(
                step, cwd=ROOT, env=names, stdout=log, stderr=log, check=False
            ).returncode
            == 0
            for step, names in zip(steps, environments, strict=True)
        )


@dataclass(frozen=True)
class Results:
    """The failed tests by id, each with its message; and whether all tests ran."""

    failed: dict[str, str] = field(default_factory=dict)
    complete: bool = True


def run_tests(python: Path, tests: Iterable[str], minutes: float) -> Results:
    """Run tests with an environment's Python, as long as the limit allows."""
    report = NEWEST / "results.xml"
    report.unlink(missing_ok=True)
    command: list[str | Path] = [python, "-m", "pytest", "--tb=short"]
    command += [f"--junitxml={report}", "-o", "junit_family=xunit1", *tests]
    ended = run(command, minutes)
    return Results(_failed(report), ended) if report.exists() else Results(complete=False)


def run(command: list[str | Path], minutes: float) -> bool:
    """Run pytest; at the limit, interrupt it so that it ends the processes it started."""
    with (
        log_file().open("w") as log,
        subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as pytest,
    ):
        try:
            pytest.wait(60 * minutes)
        except subprocess.TimeoutExpired:
            pytest.send_signal(signal.SIGINT)
            return False
    return True


def _failed(report: Path) -> dict[str, str]:
    found = {}
    for case in ET.parse(report).iter("testcase"):
        for fault in [*case.findall("failure"), *case.findall("error")]:
            # A module that cannot be imported has no file; it is repeated as a whole.
            name = f"{case.get('file')}::{case.get('name')}" if case.get("file") else _module(case)
            found[name] = (fault.get("message") or "").partition("\n")[0][:_LONGEST_MESSAGE]
    return found


def _module(case: ET.Element) -> str:
    return str(case.get("name") or case.get("classname")).replace(".", "/") + ".py"


def log_file() -> Path:
    """Return where pytest's output goes."""
    return NEWEST / "results.txt"


def say(text: str) -> None:
    """Print a line of the report."""
    print(f"newest yt-dlp: {text}", flush=True)  # noqa: T201  # this is a program's output


if __name__ == "__main__":
    sys.exit(main())
