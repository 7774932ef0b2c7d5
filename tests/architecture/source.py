"""The repository's Python files, parsed once."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file: `name` as it is imported, `path` relative to the repository."""

    name: str
    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The folder below `ytarchive` that it lies in; empty for `ytarchive/app.py`."""
        parts = Path(self.path).parts
        return parts[1] if len(parts) > 2 else ""

    @property
    def folder(self) -> str:
        """The package that holds it, as `ytarchive.jobs.planning`; itself for `ytarchive.app`."""
        return self.name if self.name.count(".") < 2 else self.name.rpartition(".")[0]

    @property
    def is_facade(self) -> bool:
        return self.path.endswith("/__init__.py")

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function with its qualified name, nested ones included."""
        yield from _functions(self.tree, self.name)

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    def where(self, node: ast.stmt | ast.expr) -> str:
        return f"{self.path}:{node.lineno}"


def _functions(node: ast.AST, name: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield f"{name}.{child.name}", child
        inner = f"{name}.{child.name}" if isinstance(child, Function | ast.ClassDef) else name
        yield from _functions(child, inner)


@functools.cache
def modules(folder: str) -> list[Module]:
    """Every module below a folder of the repository."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        relative = path.relative_to(ROOT)
        parts = relative.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text("utf-8")
        found.append(Module(name, relative.as_posix(), text, ast.parse(text)))
    assert found, f"{folder} has no Python files"
    return found


def length(function: Function) -> int:
    """A function's lines from `def` to its end, the docstring left out."""
    assert function.end_lineno
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None and first.end_lineno:
        lines -= first.end_lineno - first.lineno + 1
    return lines
