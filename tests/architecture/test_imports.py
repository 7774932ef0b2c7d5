"""Imports are at the top, have one direction, and use only what a package exports.

The direction between the packages is checked by import-linter (`pyproject.toml`).
"""

import ast
import graphlib
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import ROOT, Module, modules

SHARED = {"common"}
"""Packages whose modules may be imported; of the others only what `__init__` exports."""

INSIDERS = {
    "ytarchive.app": "the composition root: it names concrete classes",
    "ytarchive.reading": "the composition root of commands that only read",
    "ytarchive.composition": "what the composition roots share",
    "ytarchive.__main__": "the entry point, which nothing imports",
}


def imported(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Every import of ours: at the top, in a function, or for type checkers only."""
    ours = {each.name for each in modules("ytarchive")}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in ours else node.module for name in full]
        else:
            continue
        yield from ((node, name) for name in dict.fromkeys(names) if name in ours)


def test_modules_have_no_import_cycles() -> None:
    graph = {each.name: {name for _, name in imported(each)} for each in modules("ytarchive")}
    assert _cycle(graph) == ""


def test_folders_have_no_import_cycles() -> None:
    """A folder may import the folders in it, which never import the one above them."""
    folders: dict[str, set[str]] = {}
    for module in modules("ytarchive"):
        if module.name in {"ytarchive", "ytarchive.__main__"}:
            continue
        own = module.name if module.is_facade else module.folder
        for _, name in imported(module):
            if _folder_of(name) not in {own, "ytarchive"}:
                folders.setdefault(own, set()).add(_folder_of(name))
    assert _cycle(folders) == ""


def _cycle(imports: dict[str, set[str]]) -> str:
    """One of the cycles; empty if there is none."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return " -> ".join(error.args[1])
    return ""


@pytest.mark.parametrize("service", ["jobs", "storage", "metadata", "download"])
def test_the_architecture_page_lists_the_folders_in_the_order_of_their_imports(
    service: str,
) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    row = re.search(rf"^\| `{service}/` \| (`\w+/`.*) \|$", page, re.MULTILINE)
    assert row is not None
    listed = [f"ytarchive.{service}.{name}" for name in re.findall(r"`(\w+)/`", row[1])]
    imports = [
        (module.name if module.is_facade else module.folder, _folder_of(name))
        for module in modules(f"ytarchive/{service}")
        for _, name in imported(module)
    ]
    folders = {m.name for m in modules(f"ytarchive/{service}") if m.is_facade}
    assert {f"ytarchive.{service}", *listed} == folders
    backwards = [
        (own, other)
        for own, other in imports
        if own in listed and other in listed and listed.index(own) < listed.index(other)
    ]
    assert not backwards


def _folder_of(name: str) -> str:
    module = next(each for each in modules("ytarchive") if each.name == name)
    return module.name if module.is_facade else module.folder


def test_no_package_implements_anything_in_its_init() -> None:
    """It re-exports; only the program's version is there."""
    implementing = [
        module.where(node)
        for module in modules("ytarchive")
        if module.is_facade
        for node in module.tree.body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not (isinstance(node, ast.Assign) and _target(node) in {"__all__", "__version__"})
    ]
    assert not implementing


def _target(node: ast.Assign) -> str:
    [target] = node.targets
    return target.id if isinstance(target, ast.Name) else ""


def test_other_packages_are_imported_only_by_their_init() -> None:
    """`from ytarchive.storage import X`, never `from ytarchive.storage.library import X`."""
    trespassing = [
        f"{module.where(node)} imports {name}"
        for module in modules("ytarchive")
        if module.name not in INSIDERS
        for node, name in imported(module)
        if name.count(".") > 1
        and name.split(".")[1] not in SHARED
        and name.split(".")[1] != module.package
    ]
    assert not trespassing


def test_an_import_inside_a_function_is_marked() -> None:
    """With ruff's PLC0415; `test_a_silenced_rule_has_its_reason` asks for the reason."""
    unmarked = [
        module.where(node)
        for module in modules("ytarchive")
        for _, function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "PLC0415" not in module.lines[node.lineno - 1]
    ]
    assert not unmarked


def test_only_worker_processes_import_yt_dlp() -> None:
    """Importing it takes longer than most commands run."""
    elsewhere = [
        module.where(node)
        for module in modules("ytarchive")
        if not module.name.startswith("ytarchive.ytdlp.worker.")
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Import) and any(_is_yt_dlp(each.name) for each in node.names))
        or (isinstance(node, ast.ImportFrom) and _is_yt_dlp(node.module or ""))
    ]
    assert not elsewhere


def _is_yt_dlp(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] == "yt_dlp"
