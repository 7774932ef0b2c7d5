"""The commented settings file that `ytarchive config init` writes."""

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ytarchive.common.config import Settings
from ytarchive.common.profiles import DEFAULT
from ytarchive.common.setting_problems import is_table, section_model

_HEAD = """\
# Settings of YTArchive. Each line that begins with `# name =` shows a default; take the `# ` away
# to change it. Environment variables YTARCHIVE_<SECTION>__<NAME> override this file.
"""


def template() -> str:
    """Return a TOML file that changes nothing until a line is uncommented."""
    return _HEAD + "".join(
        f"\n[{name}]\n{_commented(kind.__doc__)}{''.join(_fields(kind))}"
        for name, kind in sections()
    )


def default_of(field: FieldInfo) -> str | None:
    """Return the default of a setting in TOML; None for secrets and settings without default."""
    if field.default_factory is not None or field.default is None:
        return None
    return _toml(field.default)


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Return the sections of the settings by name; of the profiles the one that always applies."""
    for name, field in Settings.model_fields.items():
        if kind := section_model(field.annotation):
            yield f"{name}.{DEFAULT}" if is_table(Settings, name) else name, kind


def _fields(section: type[BaseModel]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield "\n" + _commented(field.description) + _default(name, field)


def _commented(text: str | None) -> str:
    return f"# {text.strip().splitlines()[0]}\n" if text else ""


def _default(name: str, field: FieldInfo) -> str:
    """Return the line to uncomment."""
    default = default_of(field)
    return f'# {name} = ""  (not set)\n' if default is None else f"# {name} = {default}\n"


def _toml(value: Any) -> str:
    """Return a value in TOML, which writes text, numbers and lists as JSON does."""
    if isinstance(value, Enum | Path):
        value = value.value if isinstance(value, Enum) else str(value)
    return json.dumps(value, ensure_ascii=False)
