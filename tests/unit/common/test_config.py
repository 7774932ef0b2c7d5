"""Settings come from the command line, the environment, a file, and defaults, in this order."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, create_model

from ytarchive.common.config import (
    Settings,
    default_config_file,
    given_settings,
    load_settings,
    usable_settings,
)
from ytarchive.common.download_config import Pace
from ytarchive.common.errors import InvalidConfiguration
from ytarchive.common.services import ServiceName
from ytarchive.common.setting_sources import COMMAND_LINE, Given, Sections


def every_setting() -> list[tuple[str, str]]:
    return [
        (section, name)
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for name in field.annotation.model_fields
    ]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of the machine's user, in the environment or in files, have no effect."""
    for name in list(os.environ):
        if name.startswith(("YTARCHIVE", "YOUTUBE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_the_defaults_are_those_of_the_specification() -> None:
    settings = load_settings()
    assert (settings.server.host, settings.server.port, settings.server.log_level) == (
        "127.0.0.1",
        8000,
        "INFO",
    )
    assert (settings.youtube.quota_limit, settings.youtube.quota_reserve) == (10_000, 1_000)
    assert settings.storage.base_path == Path.home() / "YTArchive"
    assert (
        settings.storage.metadata_dir,
        settings.storage.videos_dir,
        settings.storage.logs_dir,
    ) == (
        "metadata",
        "videos",
        "logs",
    )
    assert settings.storage.state_path == settings.storage.base_path / ".ytarchive"


def test_each_source_overrides_the_next(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text(
        '[server]\nport = 1\nhost = "file"\nlog_level = "DEBUG"\n[download]\nburst = 9\n'
    )
    monkeypatch.setenv("YTARCHIVE_SERVER__PORT", "2")
    monkeypatch.setenv("YTARCHIVE_SERVER__HOST", "environment")
    settings = load_settings(file, server={"port": 3})
    assert (settings.server.port, settings.server.host, settings.server.log_level) == (
        3,
        "environment",
        "DEBUG",
    )
    assert settings.download.burst == 9


@pytest.mark.parametrize(
    ("name", "value", "section", "field", "expected"),
    [
        ("YTARCHIVE_STORAGE__BASE_PATH", "~/a", "storage", "base_path", Path.home() / "a"),
        ("YTARCHIVE_STORAGE__STATE_DIR", "/b", "storage", "state_dir", Path("/b")),
        ("YTARCHIVE_NETWORK__PROXY", "http://127.0.0.1:3128", "network", "proxy",
         "http://127.0.0.1:3128"),
        ("YTARCHIVE_NETWORK__CA_FILE", "/ca.pem", "network", "ca_file", Path("/ca.pem")),
        ("YTARCHIVE_DOWNLOAD__CONCURRENCY", "8", "download", "concurrency", 8),
        ("YTARCHIVE_DOWNLOAD__PACE", "off", "download", "pace", Pace.OFF),
        ("YTARCHIVE_YOUTUBE__QUOTA_LIMIT", "5", "youtube", "quota_limit", 5),
        ("YTARCHIVE_SERVER__ALLOWED_HOSTS", "a, b", "server", "allowed_hosts", ["a", "b"]),
        ("YTARCHIVE_SERVER__ALLOWED_HOSTS", '["a","b"]', "server", "allowed_hosts", ["a", "b"]),
    ],
)  # fmt: skip
def test_environment_names_that_scripts_rely_on(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    section: str,
    field: str,
    expected: object,
) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(getattr(load_settings(), section), field) == expected


def test_the_clis_server_address_is_not_the_section_of_that_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("YTARCHIVE_SERVER", "http://127.0.0.1:9999")
    assert load_settings().server.port == 8000


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("YTARCHIVE_STORAGE__BASEPATH", "/x", "storage.basepath"),
        ("YTARCHIVE_STORAG__BASE_PATH", "/x", "storag"),
        ("YTARCHIVE_SERVER__PORT", "eighty", "server.port"),
        ("YTARCHIVE_SERVER__PORT", "70000", "server.port"),
        ("YTARCHIVE_NETWORK__PROXY", "127.0.0.1:3128", "network.proxy"),
        ("YTARCHIVE_STORAGE__VIDEOS_DIR", "../out", "storage.videos_dir"),
        ("YTARCHIVE_DOWNLOAD__PACE", "fast", "download.pace"),
    ],
)
def test_a_wrong_variable_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidConfiguration, match=said):
        load_settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sever]\nport = 1", "sever"),
        ("[server]\nprt = 1", "server.prt"),
        ("port = 1", "port"),
        ("[server\nport = 1", "settings.toml"),
        ("[server]\nport = 'x'", "server.port"),
        ("[Server]\nport = 1", "^Server .*: is not a section; did you mean server[?]$"),
        ("[SERVER]\nPort = 1", "^SERVER .*: is not a section; did you mean server[?]$"),
        ("[server]\nPort = 1", "^server.Port .*: is not a setting; did you mean server.port[?]$"),
    ],
)
def test_a_wrong_file_is_refused_by_name(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidConfiguration, match=said):
        load_settings(file)


@pytest.mark.parametrize("target", ["nowhere.toml", "config.toml"])
def test_a_link_to_no_file_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """The disk of the settings may be unmounted: without them another archive would be used."""
    link = tmp_path / "config.toml"
    link.symlink_to(target)
    monkeypatch.setenv("YTARCHIVE_CONFIG", str(link))
    with pytest.raises(InvalidConfiguration, match=r"^settings file .*: cannot be read: "):
        load_settings()


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Container files set unused variables to an empty text; the current folder is no archive."""
    monkeypatch.setenv("YTARCHIVE_STORAGE__BASE_PATH", "")
    monkeypatch.setenv("YTARCHIVE_NETWORK__PROXY", "")
    settings = load_settings()
    assert settings.storage.base_path == Path("~/YTArchive").expanduser()
    assert settings.network.proxy is None
    with pytest.raises(InvalidConfiguration, match=r"base_path.*must not be empty"):
        load_settings(storage={"base_path": ""})


def test_a_file_that_is_named_must_exist(file: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="does not exist"):
        load_settings(file)


def test_the_configuration_file_can_be_elsewhere(
    monkeypatch: pytest.MonkeyPatch, file: Path, tmp_path: Path
) -> None:
    assert default_config_file() == tmp_path / "config" / "ytarchive" / "config.toml"
    monkeypatch.setenv("YTARCHIVE_CONFIG", str(file))
    file.write_text("[server]\nport = 4")
    assert load_settings().server.port == 4


def test_secrets_never_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOUTUBE_API_KEY", "AIza-secret")
    monkeypatch.setenv("YTARCHIVE_SERVER__TOKEN", "hush-secret")
    settings = load_settings()
    assert settings.youtube.api_key is not None
    assert settings.youtube.api_key.get_secret_value() == "AIza-secret"
    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "secret" not in shown


def test_a_refused_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTARCHIVE_NETWORK__PROXY", "user:hush-secret@proxy")
    with pytest.raises(InvalidConfiguration) as refused:
        load_settings()
    assert "hush" not in str(refused.value)


def test_remote_services_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTARCHIVE_SERVICES__DOWNLOAD", "http://127.0.0.1:8002")
    services = load_settings().services
    assert services.url(ServiceName.DOWNLOAD) == "http://127.0.0.1:8002"
    assert services.url(ServiceName.JOBS) is None


@pytest.mark.parametrize(
    ("text", "size"),
    [("1GB", 10**9), ("1 GB", 10**9), ("1gib", 2**30), ("1.5MB", 1_500_000), ("4096", 4096)],
)
def test_sizes_may_have_units(monkeypatch: pytest.MonkeyPatch, text: str, size: int) -> None:
    monkeypatch.setenv("YTARCHIVE_STORAGE__MIN_FREE", text)
    assert load_settings().storage.min_free == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90s", 90), ("1h30m", 5400), ("250ms", 0.25), ("7d", 604_800), ("15", 15)],
)
def test_durations_may_have_units(
    monkeypatch: pytest.MonkeyPatch, text: str, seconds: float
) -> None:
    monkeypatch.setenv("YTARCHIVE_DOWNLOAD__STALL_TIMEOUT", text)
    assert load_settings().download.stall_timeout == seconds


@pytest.mark.parametrize(("text", "days"), [("7", 7), ("2w", 14), ("12h", 0.5)])
def test_days_may_have_units(file: Path, text: str, days: float) -> None:
    file.write_text(f'[jobs]\nfull_listing_days = "{text}"\n')
    assert load_settings(file).jobs.full_listing_days == days


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("SERVER__PORT", "eighty", "a whole number from 0 to 65535"),
        ("DOWNLOAD__CONCURRENCY", "65", "must be from 1 to 64"),
        ("YOUTUBE__QUOTA_LIMIT", "-1", "must be at least 0"),
        ("YOUTUBE__QUOTA_LIMIT", "many", "must be a whole number, at least 0"),
        ("SERVER__MAX_BODY_BYTES", "5", "must be at least 1024"),
        ("YOUTUBE__PLUGINS", "perhaps", "must be true or false"),
        ("DOWNLOAD__STALL_TIMEOUT", "0", "must be more than 0"),
        ("STORAGE__MIN_FREE", "a lot", "a size such as 500MB"),
        ("STORAGE__MIN_FREE", "1,5GB", "a size such as 500MB"),
        ("STORAGE__MIN_FREE", "5%", "a size such as 500MB"),
        ("STORAGE__MIN_FREE", "9000000000GiB", "a size below 2^63 bytes"),
        ("METADATA__PLAYLIST_LIFETIME", "inf", "at most 100 years"),
        ("METADATA__VIDEO_LIFETIME", "1e300", "at most 100 years"),
        ("JOBS__RETRY_MAX", "nan", "at most 100 years"),
        ("DOWNLOAD__STALL_TIMEOUT", "2 moons", "a duration such as 90s"),
        ("NETWORK__PROXY", "127.0.0.1:3128", "the URL of a proxy, such as http://"),
        ("DOWNLOAD__PACE", "fast", "'polite' or 'off'"),
        ("STORAGE__VIDEOS_DIR", "../out", "the name of one folder"),
    ],
)
def test_an_error_names_the_setting_its_source_and_the_form(
    monkeypatch: pytest.MonkeyPatch, file: Path, name: str, value: str, form: str
) -> None:
    setting = name.lower().replace("__", ".")
    monkeypatch.setenv(f"YTARCHIVE_{name}", value)
    with pytest.raises(InvalidConfiguration) as refused:
        load_settings()
    said = str(refused.value)
    assert said.startswith(f"{setting} (environment variable YTARCHIVE_{name}): must be")
    assert form in said

    monkeypatch.delenv(f"YTARCHIVE_{name}")
    section, _, field = setting.partition(".")
    file.write_text(f'[{section}]\n{field} = "{value}"\n')
    with pytest.raises(InvalidConfiguration) as refused:
        load_settings(file)
    assert str(refused.value).startswith(f"{setting} ({file}): must be")


def test_a_value_that_is_no_list_is_answered_with_the_form_of_a_list(file: Path) -> None:
    file.write_text("[youtube]\nplayer_clients = 7\n")
    with pytest.raises(InvalidConfiguration, match=r'must be a list such as \["a", "b"\]'):
        load_settings(file)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STORAGE__BASEPATH", "storage.base_path"),
        ("STORAGE__MINFREE", "storage.min_free"),
        ("SERVER__COOKIES_FILE", "network.cookies_file"),
        ("DOWNLAOD__PACE", "download"),
    ],
)
def test_a_misspelt_setting_is_reported_with_the_similar_one(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.setenv(f"YTARCHIVE_{name}", "1")
    with pytest.raises(InvalidConfiguration, match=rf"did you mean {meant}\?"):
        load_settings()


def test_a_setting_outside_its_section_is_reported_with_its_section(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("concurrency = 3")
    with pytest.raises(InvalidConfiguration, match=r"did you mean download\.concurrency\?"):
        load_settings(file)


@pytest.mark.parametrize("name", [".ytarchive", ".ytarchive-id", "..", "a/b"])
def test_folder_names_that_ytarchive_needs_itself_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("YTARCHIVE_STORAGE__VIDEOS_DIR", name)
    with pytest.raises(InvalidConfiguration, match="the name of one folder"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STORAGE_BASE_PATH", "YTARCHIVE_STORAGE__BASE_PATH"),
        ("SERVER_PORT", "YTARCHIVE_SERVER__PORT"),
        ("STORAGE", "YTARCHIVE_STORAGE__"),
        ("Network_proxy", "YTARCHIVE_NETWORK__PROXY"),
    ],
)
def test_variable_without_two_underscores_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.setenv(f"YTARCHIVE_{name}", "1")
    with pytest.raises(InvalidConfiguration, match=rf"YTARCHIVE_{name}.*did you mean {meant}"):
        load_settings()


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e400"])
def test_number_in_file_that_is_no_duration_is_refused(file: Path, number: str) -> None:
    file.write_text(f"[metadata]\nplaylist_lifetime = {number}\n")
    with pytest.raises(InvalidConfiguration, match="at most 100 years"):
        load_settings(file)


def test_every_wrong_setting_is_reported_and_the_others_are_usable(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    monkeypatch.setenv("YTARCHIVE_SERVER__PORT", "x")
    file.write_text("[server]\nhost = 'localhost'\n[download]\nburst = 0\n[nonsense]\na = 1\n")
    settings, problems = usable_settings(given_settings(file))
    assert {each.name for each in problems} == {"server.port", "download.burst", "nonsense"}
    assert (settings.server.host, settings.server.port) == ("localhost", 8000)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_of_settings_may_begin_with_a_byte_order_mark(file: Path, newline: str) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + f"[server]{newline}port = 81{newline}".encode())
    assert load_settings(file).server.port == 81


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "it is a folder"), (b"\xff\xfe[", "is not UTF-8"), (b"[", "not TOML")],
)
def test_an_unreadable_file_of_settings_is_named(
    file: Path, content: bytes | None, said: str
) -> None:
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(InvalidConfiguration, match=said):
        load_settings(file)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment_is_the_default(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for each in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, "127.0.0.1:3128")
    assert load_settings().network.proxy == "http://127.0.0.1:3128"
    monkeypatch.setenv("YTARCHIVE_NETWORK__PROXY", "socks5://127.0.0.1:1080")
    assert load_settings().network.proxy == "socks5://127.0.0.1:1080"
    monkeypatch.delenv("YTARCHIVE_NETWORK__PROXY")
    monkeypatch.setenv("NO_PROXY", "youtube.com")
    assert load_settings().network.proxy is None


def test_the_null_device_is_a_file_without_settings() -> None:
    assert load_settings(Path(os.devnull)).server.port == 8000


def test_without_a_home_folder_the_default_base_path_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a container's user has none; the setting in full is enough."""

    def unknown(_: int) -> None:
        raise KeyError("no such user")

    for name in ("HOME", "XDG_CONFIG_HOME", "YTARCHIVE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(InvalidConfiguration, match=r"^storage\.base_path: .*no home folder"):
        load_settings()
    monkeypatch.setenv("YTARCHIVE_STORAGE__BASE_PATH", str(tmp_path))
    assert load_settings().storage.base_path == tmp_path


@pytest.mark.parametrize(("section", "name"), every_setting())
def test_an_error_names_every_setting_in_full(section: str, name: str) -> None:
    """A value that was given as well as a default, whose section reports it by itself."""
    with pytest.raises(InvalidConfiguration, match=rf"^{section}\.{name} \(command line\): "):
        load_settings(None, **{section: {name: {"no": "such form"}}})

    model: type[BaseModel] = Settings.model_fields[section].annotation  # type: ignore[assignment]  # each section is a model
    unusable: dict[str, Any] = {name: (int, "unusable")}
    broken = create_model(model.__name__, __base__=model, **unusable)
    default: dict[str, Any] = {section: (broken, Field(default_factory=broken))}
    cases: list[Sections] = [{}, {section: {}}]
    for sections in cases:
        given = Given({COMMAND_LINE: sections}, Path(), [])
        with pytest.raises(InvalidConfiguration, match=rf"^{section}\.{name}: its default "):
            given.usable(create_model("Settings", __base__=Settings, **default))


@pytest.mark.parametrize("given", [True, False])
def test_true_and_false_are_not_read_as_numbers(given: bool) -> None:
    numbers = [
        (section, name)
        for section, name in every_setting()
        if type(default_of(section, name)) in {int, float}
    ]
    assert len(numbers) > 20
    for section, name in numbers:
        with pytest.raises(InvalidConfiguration, match=rf"^{section}\.{name} .*must be a number"):
            load_settings(None, **{section: {name: given}})


def default_of(section: str, name: str) -> object:
    return getattr(getattr(load_settings(), section), name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[profiles.x]\nquality = "8k"', r"profiles\.x\.quality \(.*must be 'best', .* or 'audio'"),
        ('[profiles.x]\nqualty = "720p"', "profiles.x.qualty .*did you mean profiles.x.quality?"),
        ('[profiles.x]\ncaption_languages = ["en", "?"]', r"x\.caption_languages .*no language"),
        ("[profiles.x]\nauto_captions = 7", r"profiles\.x\.auto_captions .*must be true or false"),
        ('[profiles."My Own"]\nquality = "720p"', "profiles.My Own .*is not a name"),
        ("[profiles.Big]", "profiles.Big .*is not a name: use at most 32 lower-case letters"),
        ('[profiles]\nmusic = "audio"', r"profiles\.music .*write \[profiles\.music\]"),
        ("profiles = 3", r"profiles .*write \[profiles\.NAME\]"),
        ('[profile.music]\nquality = "audio"', "profile .*did you mean profiles?"),
    ],
)
def test_invalid_profile_is_reported_with_its_section_and_field(
    file: Path, text: str, said: str
) -> None:
    file.write_text(f"{text}\n[server]\nport = 9000\n")
    with pytest.raises(InvalidConfiguration, match=said):
        load_settings(file)
    assert usable_settings(given_settings(file))[0].server.port == 9000


def test_fields_of_a_profile_can_come_from_several_sources(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('[profiles.music]\nquality = "best"\naudio_language = "de"\n')
    monkeypatch.setenv("YTARCHIVE_PROFILES__MUSIC__QUALITY", "audio")
    monkeypatch.setenv("YTARCHIVE_PROFILES__MUSIC__CAPTION_LANGUAGES", "de, en")
    monkeypatch.setenv("YTARCHIVE_PROFILES__OTHER__AUDIO_LANGUAGE", "none")
    found = load_settings(file).profiles
    given = {name: each.model_dump(exclude_unset=True) for name, each in found.items()}
    assert given == {
        "music": {"quality": "audio", "audio_language": "de", "caption_languages": ["de", "en"]},
        "other": {"audio_language": None},
    }


def test_invalid_variable_of_a_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTARCHIVE_PROFILES__MUSIC__QUALITY", "loud")
    with pytest.raises(InvalidConfiguration, match="variable YTARCHIVE_PROFILES__MUSIC__QUALITY"):
        load_settings()
