"""Every field of the archive profile is an option, a setting of profiles and a query of formats."""

from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import FILM, Peers
from ytarchive.common.config import load_settings
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.profiles import given_fields
from ytarchive.http.requests import query_string

OTHER: dict[str, tuple[str, Any]] = {
    "audio_language": ("de", "de"),
    "audio_format": ("mp3", "mp3"),
    "container": ("mkv", "mkv"),
    "max_fps": ("30", 30),
    "caption_languages": ("de,fr", ["de", "fr"]),
    "caption_formats": ("srt,vtt", ["srt", "vtt"]),
}
"""Another value than the default, as text and as JSON, for fields whose type does not give one."""


def another(name: str) -> tuple[str, Any]:
    """Another value than the default, as text and as JSON."""
    default = ArchiveProfile.model_fields[name].default
    if name in OTHER:
        return OTHER[name]
    if isinstance(default, bool):
        return str(not default).lower(), not default
    if isinstance(default, Enum):
        other = next(each.value for each in type(default) if each is not default)
    else:
        other = default + 1
    return str(other), other


def options_of(name: str, text: str) -> list[str]:
    """The option that gives a field another value than its default."""
    if name == "include_captions":
        return ["--no-captions"]
    option = {"caption_languages": "captions"}.get(name, name.removeprefix("include_"))
    option = option.replace("_", "-")
    if text in {"true", "false"}:
        return [f"--no-{option}" if text == "false" else f"--{option}"]
    return [f"--{option}", text]


@pytest.mark.parametrize("name", ArchiveProfile.model_fields)
def test_each_field_can_be_given_everywhere(
    name: str, cli: Cli, archive: Peers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, value = another(name)
    assert value != ArchiveProfile.model_fields[name].default

    assert cli("download", FILM, *options_of(name, text)).code == 0
    options = archive.jobs.requests[0].options
    assert name in options.model_fields_set
    assert options.model_dump(mode="json")[name] == value
    assert cli("formats", FILM, *options_of(name, text)).code == 0
    assert f"{name}=" in query_string(archive.download.queries[0])

    file = tmp_path / "settings.toml"
    file.write_text("[profiles.mine]\n")
    monkeypatch.setenv(f"YTARCHIVE_PROFILES__MINE__{name.upper()}", text)
    profile = load_settings(file).profiles["mine"]
    assert given_fields(profile) == [name]
    assert profile.model_dump(mode="json")[name] == value
