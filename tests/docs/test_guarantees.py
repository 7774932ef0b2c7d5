"""Each guarantee names the tests that prove it, and these tests exist."""

import ast
import re

import pytest

from tests.docs.markdown import ROOT, document

GUARANTEES = document("docs/guarantees.md")
GUARANTEED = GUARANTEES.text.partition("## What is not guaranteed")[0]
STATEMENTS = re.findall(r"^- (.+?)(?=^- |^## |\Z)", GUARANTEED, re.MULTILINE | re.DOTALL)
PROOFS = {span for span in GUARANTEES.spans if "::" in span}


def names_in(path: str) -> set[str]:
    """The names of all test functions of a file, those in classes too."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    found = {
        n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return {name for name in found if name.startswith("test_")}


@pytest.mark.parametrize("proof", sorted(PROOFS))
def test_every_test_that_is_named_exists(proof: str) -> None:
    path, _, name = proof.partition("::")
    assert name in names_in(path)


def test_every_guarantee_has_a_test() -> None:
    assert len(STATEMENTS) > 20
    assert [
        statement for statement in STATEMENTS if not re.search(r"`tests/\S+::test_\w+`", statement)
    ] == []


def test_every_test_of_reliability_belongs_to_a_guarantee() -> None:
    folder = ROOT / "tests/reliability"
    there = {
        f"{path.relative_to(ROOT)}::{name}"
        for path in folder.glob("test_*.py")
        for name in names_in(str(path.relative_to(ROOT)))
    }
    assert there <= PROOFS


def test_the_readme_links_to_the_guarantees() -> None:
    assert "docs/guarantees.md" in document("README.md").links
