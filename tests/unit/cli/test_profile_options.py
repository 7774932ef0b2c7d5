"""Every field of the archive profile is an option, a setting of profiles and a query of formats."""

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
    "quality": ("audio", "audio"),
    "audio_language": ("de", "de"),
    "audio_format": ("mp3", "mp3"),
    "container": ("mkv", "mkv"),
    "video_codec": ("av1", "av1"),
    "max_fps": ("30", 30),
    "caption_languages": ("de,fr", ["de", "fr"]),
    "caption_formats": ("srt,vtt", ["srt", "vtt"]),
}
"""Another value than the default, as text and as JSON; other fields are true or false."""


def options_of(name: str, text: str) -> list[str]:
    """The option that gives a field another value than its default."""
    if name == "include_captions":
        return ["--no-captions"]
    option = {"caption_languages": "captions"}.get(name, name.removeprefix("include_"))
    option = option.replace("_", "-")
    if name in OTHER:
        return [f"--{option}", text]
    return [f"--no-{option}" if text == "false" else f"--{option}"]


@pytest.mark.parametrize("name", ArchiveProfile.model_fields)
def test_each_field_can_be_given_everywhere(
    name: str, cli: Cli, archive: Peers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default = ArchiveProfile.model_fields[name].default
    text, value = OTHER.get(name, (str(not default).lower(), not default))
    assert value != default

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
