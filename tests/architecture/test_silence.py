"""Each silenced check has its reason."""

import re

from tests.architecture.source import Module, modules

_SILENCED = re.compile(r"# (?:noqa|type: ignore)\b[^#]*(?P<reason>#.*)?$")


def test_a_silenced_rule_has_its_reason() -> None:
    """`# noqa: X  # why`; in a block of imports the first line's reason holds for all."""
    bare = [
        f"{module.path}:{number}"
        for folder in ("ytarchive", "tests")
        for module in modules(folder)
        for number, line in enumerate(module.lines, 1)
        if _is_bare(line) and not _has_reason_above(module, number)
    ]
    assert not bare


def _is_bare(line: str) -> bool:
    found = _SILENCED.search(line)
    return found is not None and not found["reason"]


def _has_reason_above(module: Module, number: int) -> bool:
    """Whether the imports just above, in the same block, carry a reason."""
    for line in reversed(module.lines[: number - 1]):
        if line.strip() and "import " not in line:
            return False
        if _SILENCED.search(line) and not _is_bare(line):
            return True
    return False
