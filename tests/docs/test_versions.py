"""The tested versions in `constraints.txt`, and the comparison with the newest yt-dlp."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import newest_ytdlp
from tests.docs.markdown import ROOT

LINES = (ROOT / "constraints.txt").read_text().splitlines()
PINNED = dict(line.split("==") for line in LINES if not line.startswith("#"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def requirements(distribution: str, extras: set[str]) -> list[Requirement]:
    """The requirements of an installed distribution that apply on this machine."""
    found = map(Requirement, importlib.metadata.requires(distribution) or [])
    environments = [{"extra": extra} for extra in {"", *extras}]
    return [r for r in found if not r.marker or any(map(r.marker.evaluate, environments))]


def everything_installed() -> set[str]:
    """The names of all distributions that ytarchive and its tests need, directly or not."""
    seen: set[tuple[str, frozenset[str]]] = set()
    pending = [("ytarchive", frozenset({"dev"}))]
    while pending:
        name, extras = each = pending.pop()
        if each not in seen:
            seen.add(each)
            pending += [(r.name, frozenset(r.extras)) for r in requirements(name, set(extras))]
    return {str(canonicalize_name(name)) for name, _ in seen} - {"ytarchive"}


def test_constraints_hold_versions_only() -> None:
    """No hosts, no hashes, no local versions, which other machines may not have."""
    for line in LINES:
        assert re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line), line


def test_constraints_cover_every_dependency_and_the_tools_that_build() -> None:
    pinned = {canonicalize_name(name) for name in PINNED}
    built_with = {Requirement(each).name for each in PROJECT["build-system"]["requires"]}
    assert everything_installed() | built_with <= pinned


def test_constraints_satisfy_the_lowest_versions_of_the_project() -> None:
    named = [*PROJECT["project"]["dependencies"]]
    named += PROJECT["project"]["optional-dependencies"]["dev"]
    pinned = {canonicalize_name(name): version for name, version in PINNED.items()}
    for requirement in map(Requirement, named):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


def test_the_lowest_accepted_yt_dlp_is_the_tested_one() -> None:
    [lowest] = [each for each in PROJECT["project"]["dependencies"] if each.startswith("yt-dlp")]
    assert str(Requirement(lowest).specifier) == f">={PINNED['yt-dlp']}"
    assert newest_ytdlp.tested_version("\n".join(LINES)) == PINNED["yt-dlp"]


class TestComparison:
    """What `make test-newest-ytdlp` reports, with the tests themselves replaced."""

    @pytest.fixture(autouse=True)
    def newer(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "results.txt").write_text("the details")
        monkeypatch.setattr(newest_ytdlp, "NEWEST", tmp_path)
        monkeypatch.setattr(newest_ytdlp, "newest_version", lambda: "2099.1.1")
        monkeypatch.setattr(newest_ytdlp, "install", lambda: True)

    @pytest.mark.parametrize(
        ("newest", "complete", "code", "said"),
        [
            ([], True, 0, "No test differs"),
            (["a.py::one", "a.py::two"], True, 1, "differs: a.py::one: why\n"),
            (["a.py::two"], True, 0, "No test differs"),
            ([], False, 2, "stopped after"),
            (["a.py::one"], False, 1, "differs: a.py::one: why\n"),
        ],
    )
    def test_only_differences_of_outcomes_are_reported(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        newest: list[str],
        complete: bool,
        code: int,
        said: str,
    ) -> None:
        def run_tests(python: Path, *_: object) -> newest_ytdlp.Results:
            if python.is_relative_to(newest_ytdlp.NEWEST):
                return newest_ytdlp.Results(dict.fromkeys(newest, "why"), complete)
            return newest_ytdlp.Results({"a.py::two": "why"})

        monkeypatch.setattr(newest_ytdlp, "run_tests", run_tests)
        assert newest_ytdlp.main() == code
        printed = capsys.readouterr().out
        assert said in printed
        assert "differs: a.py::two" not in printed

    @pytest.mark.parametrize(
        ("version", "code", "said"),
        [(None, 2, "did not answer"), (PINNED["yt-dlp"], 0, "nothing to compare")],
    )
    def test_nothing_is_installed_without_a_newer_release(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        version: str | None,
        code: int,
        said: str,
    ) -> None:
        monkeypatch.setattr(newest_ytdlp, "newest_version", lambda: version)
        monkeypatch.setattr(newest_ytdlp, "install", pytest.fail)
        assert newest_ytdlp.main() == code
        assert said in capsys.readouterr().out


def test_an_unreachable_package_index_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert newest_ytdlp.newest_version() is None


def test_failing_tests_are_read_from_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_ytdlp, "NEWEST", tmp_path)
    report = """<testsuites><testsuite>
    <testcase file="tests/a.py" name="test_x[1]"><failure message="assert 1&#10;E 2"/></testcase>
    <testcase file="tests/a.py" name="test_y"/>
    <testcase file="tests/a.py" name="test_z"><error/></testcase>
    <testcase name="tests.b"><error/></testcase></testsuite></testsuites>"""

    def run(*_: object) -> bool:
        (tmp_path / "results.xml").write_text(report)
        return True

    monkeypatch.setattr(newest_ytdlp, "run", run)
    failed = {"tests/a.py::test_x[1]": "assert 1", "tests/a.py::test_z": "", "tests/b.py": ""}
    assert newest_ytdlp.run_tests(Path("python"), [], 1) == newest_ytdlp.Results(failed)
