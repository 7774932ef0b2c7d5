"""The commented file of settings that `ytarchive config init` writes."""

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ytarchive.common.config import Settings

_HEAD = """\
# Settings of YTArchive. Each line that begins with `# name =` shows a default; take the `# ` away
# to change it. Environment variables YTARCHIVE_<SECTION>__<NAME> are stronger than this file.
"""


def template() -> str:
    """A TOML file that changes nothing until a line is uncommented."""
    return _HEAD + "".join(
        f"\n[{name}]\n{_commented(kind.__doc__)}{''.join(_fields(kind))}"
        for name, field in Settings.model_fields.items()
        if isinstance(kind := field.annotation, type) and issubclass(kind, BaseModel)
    )


def _fields(section: type[BaseModel]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield "\n" + _commented(field.description) + _default(name, field)


def _commented(text: str | None) -> str:
    return f"# {text.strip().splitlines()[0]}\n" if text else ""


def _default(name: str, field: FieldInfo) -> str:
    """The line to uncomment. What has no default, or a secret one, has nothing to show."""
    if field.default_factory is not None or field.default is None:
        return f'# {name} = ""  (not set)\n'
    return f"# {name} = {_toml(field.default)}\n"


def _toml(value: Any) -> str:
    """A value in TOML, which writes text, numbers and lists as JSON does."""
    if isinstance(value, Enum | Path):
        value = value.value if isinstance(value, Enum) else str(value)
    return json.dumps(value, ensure_ascii=False)
