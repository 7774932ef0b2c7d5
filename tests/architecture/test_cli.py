"""The command line contains no rules of the archive: it parses, calls operations and prints."""

import ast

from tests.architecture.source import modules
from tests.architecture.test_imports import imported

COMMON = {
    "channel_lists", "config", "contract", "errors", "events", "identifiers", "json_text",
    "models", "profile", "profiles", "quality", "services", "setting_problems", "setting_sources",
    "setting_types",
}  # fmt: skip
"""Models, errors, settings and forms of ids, as the contracts use them."""

PACKAGES = {
    "jobs", "storage", "metadata", "download", "logging", "http",
    "maintenance", "subscriptions", "refreshing", "retention", "notifications", "app", "discovery",
    "serving",
    "offline", "cli",
}  # fmt: skip
"""Contracts and composition. Of a package only what its `__init__` offers may be imported."""

DATABASES = {"sqlite3", "aiosqlite", "yt_dlp"}


def test_commands_import_only_contracts_models_and_composition() -> None:
    foreign = [
        f"{module.path}: {name}"
        for module in modules("ytarchive/cli")
        for _, name in imported(module)
        if not _is_allowed(name)
    ]
    assert foreign == []


def test_commands_use_no_database_and_no_yt_dlp() -> None:
    direct = [
        f"{module.path}: {name}"
        for module in modules("ytarchive/cli")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _roots(node)
        if name in DATABASES
    ]
    assert direct == []


def _is_allowed(name: str) -> bool:
    package, *inside = name.split(".")[1:] or [""]
    if package == "common":
        return inside[:1] != [] and inside[0] in COMMON
    return package in {"", "cli"} or (package in PACKAGES and not inside)


def _roots(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").split(".")[0]]
    return [alias.name.split(".")[0] for alias in node.names]
