"""SECURITY.md is correct: its tests exist, and its statements about sources and versions hold."""

import ast
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.docs.markdown import ROOT, document

ROWS = re.findall(
    r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", document("SECURITY.md").text, re.MULTILINE
)
FLOORS = {"aiohttp": "3.14.3", "yt-dlp": "2026.7.4"}
SOURCES = sorted((ROOT / "ytarchive").rglob("*.py"))


def test_every_measure_has_its_row() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 13))


@pytest.mark.parametrize(("number", "measure", "places", "tests"), ROWS, ids=[r[0] for r in ROWS])
def test_every_measure_names_sources_and_tests_that_exist(
    number: str, measure: str, places: str, tests: str
) -> None:
    del number, measure
    for place in re.findall(r"`([^`]+)`", places):
        assert (ROOT / "ytarchive" / place).exists() or (ROOT / place).exists(), place
    named = re.findall(r"`([^`]+)::(\w+)`", tests)
    assert named
    for path, test in named:
        tree = ast.parse((ROOT / path).read_text())
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert test in {node.name for node in ast.walk(tree) if isinstance(node, functions)}, test


def test_versions_with_known_vulnerabilities_are_not_accepted() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {(each := Requirement(text)).name: each.specifier for text in project["dependencies"]}
    for name, fixed in FLOORS.items():
        floors = [Version(bound.version) for bound in needed[name] if bound.operator == ">="]
        assert max(floors) >= Version(fixed), name


def test_no_program_is_started_through_a_shell() -> None:
    shells = re.compile(
        r"shell=True|os\.(system|popen)\(|create_subprocess_shell|\beval\(|\bexec\((?!\"\"\))"
    )
    assert [path for path in SOURCES if shells.search(path.read_text())] == []


def test_the_token_is_compared_in_constant_time() -> None:
    guard = (ROOT / "ytarchive/http/guard.py").read_text()
    assert "hmac.compare_digest(sent, self._token)" in guard
    assert "== self._token" not in guard
