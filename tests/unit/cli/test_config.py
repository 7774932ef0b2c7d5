"""`config`: every setting, the source of its value, and a new settings file."""

import os
import re
import tomllib
from pathlib import Path
from unittest.mock import ANY

import pytest

from tests.unit.cli.conftest import Cli
from ytarchive.cli.template import template
from ytarchive.common.config import Settings, load_settings
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.profiles import given_fields
from ytarchive.maintenance import Diagnosis
from ytarchive.offline import OfflineMaintenance


def shown(cli: Cli, *arguments: str) -> dict[str, tuple[object, str]]:
    settings = cli("config", "show", "--json", *arguments).json["settings"]
    return {each["name"]: (each["value"], each["source"]) for each in settings}


def test_every_setting_is_shown(cli: Cli) -> None:
    names = shown(cli).keys()
    settings = load_settings()
    assert names == {f"{section}.{name}" for section, values in settings for name, _ in values}


def test_the_source_of_a_value_is_shown(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[download]\nconcurrency = 5\n[server]\nport = 9000\n")
    monkeypatch.setenv("YTARCHIVE_SERVER__PORT", "9100")
    found = shown(cli, "--config", str(file), "--base-path", str(tmp_path))
    assert found["download.concurrency"] == (5, "file")
    assert found["server.port"] == (9100, "environment")
    assert found["storage.base_path"] == (str(tmp_path), "command line")
    assert found["download.pace"] == ("polite", "default")


def test_secrets_are_masked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOUTUBE_API_KEY", "AIzaSecret")
    monkeypatch.setenv("YTARCHIVE_SERVER__TOKEN", "hush-hush")
    monkeypatch.setenv("YTARCHIVE_NETWORK__PROXY", "http://user:pass-word@proxy:3128")
    found = shown(cli)
    assert found["youtube.api_key"] == ("********", "environment")
    assert found["server.token"] == ("********", "environment")
    assert found["network.proxy"] == ("http://********@proxy:3128", "environment")
    output = cli("config").out
    assert not any(secret in output for secret in ("AIzaSecret", "hush-hush", "pass-word"))


@pytest.mark.parametrize("password", ["p@ss-word", "pass/word", "pass-word@", "%40word"])
def test_no_part_of_a_proxys_password_is_shown(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("YTARCHIVE_NETWORK__PROXY", f"http://user:{password}@proxy:3128")
    assert shown(cli)["network.proxy"] == ("http://********@proxy:3128", "environment")
    assert "word" not in cli("config").out


def test_tokens_for_youtube_are_masked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTARCHIVE_YOUTUBE__PO_TOKENS", "web.gvs+hush1,tv.player+hush2")
    monkeypatch.setenv("YTARCHIVE_YOUTUBE__VISITOR_DATA", "hush3")
    monkeypatch.setenv("YTARCHIVE_YOUTUBE__DATA_SYNC_ID", "hush4")
    found = shown(cli)
    assert found["youtube.po_tokens"] == (["********"] * 2, "environment")
    assert (
        found["youtube.visitor_data"]
        == found["youtube.data_sync_id"]
        == (
            "********",
            "environment",
        )
    )
    assert "hush" not in cli("config").out


def test_an_invalid_token_is_refused_and_not_shown(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YTARCHIVE_YOUTUBE__VISITOR_DATA", "hush hush")
    ran = cli("config")
    assert ran.code != 0
    assert "youtube.visitor_data" in ran.err
    assert "hush" not in ran.out + ran.err


def test_a_setting_that_cannot_be_used_is_named(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[download]\nconcurency = 5\n")
    ran = cli("config", "show", "--config", str(file))
    assert ran.code == 1
    assert f"download.concurency ({file}): is not a setting" in ran.err
    assert "did you mean download.concurrency?" in ran.err
    assert "storage.base_path" in ran.out
    [problem] = cli("config", "show", "--config", str(file), "--json").json["problems"]
    assert problem["name"] == "download.concurency"


def test_doctor_works_with_a_setting_that_cannot_be_used(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: object) -> Diagnosis:
        return Diagnosis.of([])

    monkeypatch.setattr(OfflineMaintenance, "diagnose", nothing)
    monkeypatch.setenv("YTARCHIVE_SERVER__PORT", "eighty")
    ran = cli("doctor")
    assert ran.code == 1
    assert "server.port (environment variable YTARCHIVE_SERVER__PORT)" in ran.out


def test_path_shows_where_the_file_is_searched(cli: Cli, tmp_path: Path) -> None:
    expected = tmp_path / "config" / "ytarchive" / "config.toml"
    ran = cli("config", "path")
    assert ran.out.strip() == str(expected)
    assert "`ytarchive config init`" in ran.err
    assert cli("config", "path", "--json").json == {"path": str(expected), "exists": False}


def test_init_writes_a_file_that_only_its_owner_may_read(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "config" / "ytarchive" / "config.toml"
    assert cli("config", "init").code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert cli("config", "show", "--json").json["file_exists"] is True


def test_init_overwrites_only_with_force(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[server]\nport = 9000\n")
    ran = cli("config", "init", "--config", str(file))
    assert ran.code == 1
    assert "exists already" in ran.err
    assert "9000" in file.read_text()
    assert cli("config", "init", "--config", str(file), "--force").code == 0
    assert "9000" not in file.read_text()


def test_init_in_a_read_only_folder_prints_one_message(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = cli("config", "init", "--config", str(tmp_path / "file" / "config.toml"))
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1


def test_the_template_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(template())
    settings = load_settings(file)
    assert settings.model_dump() == load_settings().model_dump() | {"profiles": ANY}
    assert {name: given_fields(each) for name, each in settings.profiles.items()} == {"default": []}


def test_the_uncommented_template_has_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("YTARCHIVE_")]:
        monkeypatch.delenv(name)
    text = re.sub(r"^# (\w+ = .*)", r"\1", template(), flags=re.MULTILINE)
    text = re.sub(r"^.*\(not set\)$", "", text, flags=re.MULTILINE)
    file = tmp_path / "config.toml"
    file.write_text(text)
    default = {"default": ArchiveProfile().model_dump()}
    assert load_settings(file).model_dump() == load_settings().model_dump() | {"profiles": default}
    assert tomllib.loads(text)["download"]["concurrency"] == 3


def test_the_template_describes_every_section_and_setting() -> None:
    text = template()
    for section, values in load_settings():
        assert f"[{'profiles.default' if section == 'profiles' else section}]" in text
        assert [name for name, _ in values if f"# {name} = " not in text] == []
    assert "Concurrent downloads, over all jobs" in text
    assert all(f"# {name} = " in text for name in ArchiveProfile.model_fields)
    assert set(tomllib.loads(text)) == set(Settings.model_fields)


def test_profiles_are_listed_and_explained_without_an_archive(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[profiles.small]\nquality = "360p"\n[profiles.default]\nhdr = false\n')
    listed = cli("profiles", "--config", str(file))
    assert re.search(r"^music +built-in +quality = audio; ", listed.out, re.MULTILINE)
    assert re.search(r"^small +settings +quality = 360p$", listed.out, re.MULTILINE)
    explained = cli("profiles", "small", "--config", str(file)).out
    assert re.search(r"^quality +360p +small +Largest picture", explained, re.MULTILINE)
    assert re.search(r"^hdr +no +default +Accept", explained, re.MULTILINE)
    assert re.search(r"^container +none +built-in +Container", explained, re.MULTILINE)
    [first, *_] = cli("profiles", "--config", str(file), "--json").json
    assert (first["name"], first["is_built_in"]) == ("default", False)
    unknown = cli("profiles", "smal", "--config", str(file))
    assert (unknown.code, "Use one of: default, music, small." in unknown.err) == (2, True)
    assert not (tmp_path / "archive").exists()


def test_profiles_are_shown_with_the_fields_that_they_set(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[profiles.small]\nquality = "360p"\ncaption_languages = ["de", "en"]\n')
    monkeypatch.setenv("YTARCHIVE_PROFILES__SMALL__QUALITY", "480p")
    monkeypatch.setenv("YTARCHIVE_PROFILES__DEFAULT__CAPTION_FORMATS", "srt,vtt")
    found = shown(cli, "--config", str(file))
    assert {name: each for name, each in found.items() if name.startswith("profiles.")} == {
        "profiles.small.quality": ("480p", "environment"),
        "profiles.small.caption_languages": (["de", "en"], "file"),
        "profiles.default.caption_formats": (["srt", "vtt"], "environment"),
    }
