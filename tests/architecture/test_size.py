"""Functions, files and classes stay small enough to be read at one go."""

import ast

from tests.architecture.source import Function, length, modules
from ytarchive.common.contract import endpoints
from ytarchive.http import CONTRACTS

LONGEST_FUNCTION = 40
LONGEST_FILE = 300
MAX_PUBLIC_METHODS = 12

LONGER_FILES = {
    "ytarchive/common/errors.py": "a table: every error with its texts",
    "ytarchive/ytdlp/worker/classifier.py": "a table: all that yt-dlp says, and what it means",
    "ytarchive/jobs/queue/repository.py": "a method for each statement of `queries.sql`",
    "ytarchive/common/database.py": "one class and how its file is opened; no seam to cut along",
}
"""Files that may be longer, and why."""

TABLES_OF_METHODS = {
    "JobsRepository": "a method for each statement of `queries.sql`, most of them of one line",
}


def test_no_function_has_more_than_forty_lines_besides_its_docstring() -> None:
    long = [
        f"{name}: {length(function)} lines"
        for folder in ("ytarchive", "tests")
        for module in modules(folder)
        for name, function in module.functions()
        if length(function) > LONGEST_FUNCTION
    ]
    assert not long


def test_no_file_of_the_program_has_more_than_three_hundred_lines() -> None:
    long = {
        module.path: len(module.lines)
        for module in modules("ytarchive")
        if len(module.lines) > LONGEST_FILE and module.path not in LONGER_FILES
    }
    assert not long


def test_no_class_has_more_than_twelve_public_methods() -> None:
    large = [
        f"{module.where(cls)} {cls.name}: {len(methods)} methods"
        for module in modules("ytarchive")
        for cls in module.classes()
        if cls.name not in TABLES_OF_METHODS
        and len(methods := _public_methods(cls) - operations()) > MAX_PUBLIC_METHODS
    ]
    assert not large


def operations() -> set[str]:
    """What the contracts declare: how many there are is not the implementation's choice."""
    return {each.name for contract in CONTRACTS for each in endpoints(contract)}


def _public_methods(cls: ast.ClassDef) -> set[str]:
    """What may be called from outside; a property is read like a field."""
    return {
        node.name
        for node in cls.body
        if isinstance(node, Function) and not node.name.startswith("_") and not _is_property(node)
    }


def _is_property(function: Function) -> bool:
    names = {ast.unparse(decorator) for decorator in function.decorator_list}
    return bool(names & {"property", "functools.cached_property"})
