"""The presence of files is checked so that an unreachable disk never counts as "missing"."""

import ast

from tests.architecture.source import Module, modules

QUESTIONS = frozenset({"is_file", "is_dir", "exists", "is_symlink"})
"""Of `Path`: which errors they take for "no" depends on the version of Python."""
START = "asked when a process starts, where an error ends it with its cause"
OWN = "the questions themselves, or entries of a folder that was read"
EXEMPT = {
    "common/config.py": START,
    "common/database.py": START,
    "common/disk.py": OWN,
    "common/file_lock.py": START,
    "common/filesystem.py": OWN,
    "common/identity.py": START,
    "common/regular.py": OWN,
    "common/reserve.py": START,
    "common/setting_sources.py": START,
    "common/swap.py": START,
    "download/staging/area.py": "it removes leftovers, and handles every OSError itself",
    "logging/files.py": "its caller handles every OSError; the log continues without files",
    "storage/library/discovery.py": OWN,
    "storage/store/local.py": OWN,
    "storage/views/reading.py": OWN,
    "storage/identity/opening.py": START,
    "storage/identity/folder_state.py": START,
    "storage/identity/state.py": START,
    "storage/search/index.py": START,
}
PACKAGES = ("common", "storage", "metadata", "download", "jobs", "logging", "http")


def test_request_paths_ask_about_files_through_the_filesystem_module() -> None:
    """`ytarchive/common/filesystem.py` maps each error of the system to its cause."""
    bare = [
        f"{module.where(node)}: use ytarchive.common.filesystem instead of .{node.func.attr}()"
        for module in modules("ytarchive")
        if module.package in PACKAGES and not _is_exempt(module)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in QUESTIONS
        and not (isinstance(node.func.value, ast.Name) and node.func.value.id == "filesystem")
    ]
    assert not bare


def _is_exempt(module: Module) -> bool:
    return module.path.removeprefix("ytarchive/") in EXEMPT
