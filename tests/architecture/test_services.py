"""The five services have the same structure."""

import ast
import re

import pytest

from tests.architecture.source import ROOT, Module, modules
from ytarchive.common.contract import Contract, endpoints
from ytarchive.common.services import ServiceName
from ytarchive.http import CONTRACTS

WITHOUT_DATABASE = {ServiceName.DOWNLOAD: "its truth is what lies in the staging folder"}

IMPLEMENTATIONS = (
    "/service.py",
    "metadata/reading.py",
)
"""The files in which operations are implemented."""

SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|"
    r"CREATE\s+(TABLE|INDEX|TRIGGER)|PRAGMA\s)",
    re.DOTALL,
)
"""What a statement begins with; keywords are always written in capitals."""


@pytest.mark.parametrize("service", ServiceName)
def test_every_service_has_the_same_files(service: ServiceName) -> None:
    package = ROOT / "ytarchive" / service
    expected = ["__init__.py", "api.py", "service.py"]
    if service not in WITHOUT_DATABASE:
        expected += ["**/repository.py", "sql/schema.sql", "sql/queries.sql"]
    assert [name for name in expected if not list(package.glob(name))] == []


@pytest.mark.parametrize("service", ServiceName)
def test_every_subject_with_a_contract_has_a_service(service: ServiceName) -> None:
    contracts = (ROOT / "ytarchive" / service).rglob("api.py")
    assert [each for each in contracts if not each.with_name("service.py").exists()] == []


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_operation_of_a_contract_has_a_docstring(contract: type[Contract]) -> None:
    assert [each.name for each in endpoints(contract) if not each.description] == []


def test_other_public_methods_are_documented_in_the_implementation() -> None:
    """Ruff's rule is off in these files, because a contract documents its operations."""
    operations = {each.name for contract in CONTRACTS for each in endpoints(contract)}
    undocumented = [
        f"{module.path}: {method.name}"
        for module in modules("ytarchive")
        if module.path.endswith(IMPLEMENTATIONS)
        for node in module.classes()
        for method in node.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
        if not method.name.startswith("_") and method.name not in operations
        if ast.get_docstring(method) is None
    ]
    assert undocumented == []


def test_contracts_keep_their_annotations_as_types() -> None:
    """Endpoints are read from real annotations: postponed ones would be mere text."""
    future = "from __future__ import annotations"
    assert [
        m.path for m in modules("ytarchive") if m.path.endswith("api.py") and future in m.text
    ] == []


def test_sqlite_belongs_to_the_common_database() -> None:
    users = {
        module.package
        for module in modules("ytarchive")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import)
        and any(alias.name in {"sqlite3", "aiosqlite"} for alias in node.names)
    }
    assert users == {"common"}


def test_statements_are_in_sql_files() -> None:
    in_python = [
        f"{module.path}:{line} {text.strip()[:40]!r}"
        for module in modules("ytarchive")
        if module.package != "common"
        for line, text in _strings(module)
        if SQL.match(text)
    ]
    assert not in_python


def test_every_named_query_is_used() -> None:
    unused = [
        f"{name} in {file.relative_to(ROOT)}"
        for file in sorted((ROOT / "ytarchive").rglob("sql/queries.sql"))
        for name in re.findall(r"^-- name: (\w+)$", file.read_text(), re.MULTILINE)
        if not any(f'"{name}"' in path.read_text() for path in file.parents[1].rglob("*.py"))
    ]
    assert not unused


def _strings(module: Module) -> list[tuple[int, str]]:
    return [
        (node.lineno, node.value)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
