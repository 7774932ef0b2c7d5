"""Every setting, declared once: TOML file, environment and `config show` derive from it.

Order of precedence: command line, environment (`YTARCHIVE_<SECTION>__<FIELD>`), the TOML file, the
defaults below. Secrets are `SecretStr`, so they are masked wherever settings are shown.
"""

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ytarchive.common.errors import InvalidConfiguration
from ytarchive.common.services import ServiceName
from ytarchive.common.setting_sources import Given, SettingProblem
from ytarchive.common.setting_types import (
    BareUrl,
    Days,
    FolderName,
    LogLevel,
    Names,
    ProxyUrl,
    Seconds,
    ServiceUrl,
    Size,
    Token,
    Tokens,
    UserPath,
    proxy_from_environment,
    secret_from,
)

OWN_FOLDER = ".ytarchive"
"""In the archive's folder: databases, lock and staging, and whatever else is the program's own."""


class Section(BaseModel):
    """Base of the sections; a setting that does not exist is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ServiceConfig(Section):
    """Where a service listens, and how much it logs."""

    host: str = Field("localhost", description="Address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="Port; 0 lets the system choose")
    log_level: LogLevel = Field("INFO", description="Least level that is logged")


class ServerConfig(ServiceConfig):
    """The HTTP server that mounts the services."""

    host: str = Field("127.0.0.1", description="Any address but loopback needs a token")
    token: SecretStr | None = Field(None, description="Required of every request when set")
    allowed_hosts: Names = Field([], description="Further names accepted in the Host header")
    max_body_bytes: Size = Field(8 * 2**20, ge=1024, description="Largest request body")
    request_timeout: Seconds = Field(600, gt=0, description="Seconds one request may take")
    read_timeout: Seconds = Field(
        60, gt=0, description="Seconds a request may take to arrive, or a connection be idle"
    )


class YouTubeConfig(Section):
    """The YouTube Data API, and what yt-dlp tells YouTube."""

    api_key: SecretStr | None = Field(
        default_factory=lambda: secret_from("YOUTUBE_API_KEY"),
        description="Key of the Data API; from YOUTUBE_API_KEY. Without one, yt-dlp is asked",
    )
    quota_limit: int = Field(10_000, ge=0, description="Units a day")
    quota_reserve: int = Field(1_000, ge=0, description="Units kept back")
    extract_when_quota_spent: bool = Field(True, description="Ask yt-dlp when the quota is spent")
    player_clients: Names = Field([], description="For yt-dlp, as `tv,web`; default: its choice")
    po_tokens: Tokens = Field([], description="PO tokens as `CLIENT.CONTEXT+TOKEN`: `web.gvs+…`")
    visitor_data: Token | None = Field(None, description="yt-dlp's visitor_data, for PO tokens")
    data_sync_id: Token | None = Field(None, description="yt-dlp's data_sync_id, with cookies")
    plugins: bool = Field(False, description="Load the yt-dlp plugins that are installed here")
    pot_provider_url: BareUrl | None = Field(None, description="bgutil's server; loads plugins too")

    def secrets(self) -> Iterator[SecretStr]:
        """Yield the secrets, which must not appear in any output."""
        yield from filter(None, (self.api_key, self.visitor_data, self.data_sync_id))
        yield from self.po_tokens


class StorageConfig(Section):
    """The archive on disk."""

    base_path: UserPath = Field(Path("~/YTArchive"), description="Folder of the archive")
    metadata_dir: FolderName = Field("metadata", description="Below base_path")
    videos_dir: FolderName = Field("videos", description="Below base_path")
    logs_dir: FolderName = Field("logs", description="Below base_path")
    state_dir: UserPath | None = Field(None, description="Databases; default base_path/.ytarchive")
    min_free: Size = Field(2**30, ge=0, description="Bytes that downloads leave free on the disk")
    staging_max_age: Seconds = Field(
        7 * 86_400, gt=0, description="Seconds that idle partial downloads are kept"
    )
    staging_max_bytes: Size = Field(50 * 2**30, ge=0, description="Most that those take in all")
    trash_days: Days = Field(
        30, ge=0, le=36_500, description="Days that replaced and removed files stay in the trash"
    )
    verify_every_days: Days | None = Field(
        None, gt=0, description="A server verifies every stored file this often; default: never"
    )
    verify_time_limit: Seconds = Field(
        3600, gt=0, description="Seconds a day that it may take; it goes on the next day"
    )

    @property
    def state_path(self) -> Path:
        """Return the folder of databases, lock and staging."""
        return self.state_dir or self.base_path / OWN_FOLDER

    @property
    def staging_path(self) -> Path:
        """Where downloads grow; always on the archive's own file system."""
        return self.base_path / OWN_FOLDER / "staging"


class Pace(StrEnum):
    """How fast YouTube is asked."""

    POLITE = "polite"
    OFF = "off"


class DownloadConfig(Section):
    """Downloads by yt-dlp."""

    concurrency: int = Field(3, ge=1, le=64, description="Videos at a time, over all jobs")
    pace: Pace = Field(Pace.POLITE, description="`polite` stays under YouTube's known limits")
    videos_per_hour: int = Field(180, ge=1, description="Long-term pace when polite")
    burst: int = Field(80, ge=1, description="Videos that may go at full speed after a rest")
    stall_timeout: Seconds = Field(120, gt=0, description="Seconds without any progress")
    extract_timeout: Seconds = Field(180, gt=0, description="Seconds one extraction may take")
    side_file_timeout: Seconds = Field(
        30, gt=0, description="Seconds that captions or a thumbnail may take, each"
    )
    rate_limit: Size | None = Field(None, ge=1024, description="Bytes a second, for each video")
    sleep_requests: Seconds = Field(
        0, ge=0, description="Seconds between requests of an extraction"
    )
    videos_per_worker: int = Field(200, ge=1, description="A worker is replaced after this many")
    worker_memory: Size = Field(
        512 * 2**20, ge=2**20, description="A worker with more bytes is replaced; twice, at once"
    )


class MetadataConfig(Section):
    """The metadata cache."""

    video_lifetime: Seconds = Field(24 * 3600, ge=0, description="Seconds a video stays fresh")
    playlist_lifetime: Seconds = Field(300, ge=0, description="Seconds a playlist stays fresh")


class JobsConfig(Section):
    """The queue."""

    retry_base: Seconds = Field(5, gt=0, description="Seconds before the first retry; then doubled")
    retry_max: Seconds = Field(3600, gt=0, description="Longest wait between retries, seconds")
    notification_timeout: Seconds = Field(10, gt=0, description="Seconds before asking a download")
    health_interval: Seconds = Field(5, gt=0, description="Seconds between health checks")
    shutdown_grace: Seconds = Field(8, ge=0, description="Seconds running transfers get at the end")
    full_listing_days: Days = Field(
        7,
        ge=0,
        description="A channel is listed to its end this often; in between only what is new",
    )
    keep_days: Days = Field(
        90,
        ge=0,
        description="Finished jobs are removed after this many days, except those with videos "
        "that are still missing; 0 keeps all",
    )


class LoggingConfig(Section):
    """Logs."""

    retention_days: Days = Field(30, ge=1, description="Entries and files are kept this long")
    max_bytes: Size = Field(2**30, ge=2**20, description="Most that log files may take in all")
    file_bytes: Size = Field(64 * 2**20, ge=2**16, description="A log file is rotated at this size")
    queue_entries: int = Field(20_000, ge=100, description="Entries that may wait to be stored")


class NetworkConfig(Section):
    """The way to YouTube."""

    proxy: ProxyUrl | None = Field(
        default_factory=proxy_from_environment,
        description="Proxy URL; default: HTTPS_PROXY or ALL_PROXY of the environment",
    )
    ca_file: UserPath | None = Field(None, description="Further certificate authorities (PEM)")
    timeout: Seconds = Field(20, gt=0, description="Seconds a connection may be silent")
    cookies_file: UserPath | None = Field(None, description="Netscape cookies of an account")


class ServicesConfig(Section):
    """URLs of services that run in another process."""

    jobs: ServiceUrl | None = None
    metadata: ServiceUrl | None = None
    download: ServiceUrl | None = None
    storage: ServiceUrl | None = None
    logging: ServiceUrl | None = None

    def url(self, service: ServiceName) -> str | None:
        """Return the URL configured for a service."""
        url: str | None = getattr(self, service.value)
        return url


class Settings(BaseSettings):
    """All settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="YTARCHIVE_",
        env_nested_delimiter="__",
        env_ignore_empty=True,  # as container files set what they do not use
        frozen=True,
        extra="forbid",
    )

    server: ServerConfig = ServerConfig()
    youtube: YouTubeConfig = Field(default_factory=YouTubeConfig)
    storage: StorageConfig = Field(default_factory=StorageConfig)
    download: DownloadConfig = DownloadConfig()
    metadata: MetadataConfig = MetadataConfig()
    jobs: JobsConfig = JobsConfig()
    logging: LoggingConfig = LoggingConfig()
    network: NetworkConfig = Field(default_factory=NetworkConfig)
    services: ServicesConfig = ServicesConfig()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the values given alone: `Given` has merged those of every source."""
        return (init_settings,)


def default_config_file() -> Path:
    """`YTARCHIVE_CONFIG`, or `config.toml` in the user's configuration folder, or in `/etc`."""
    named = os.environ.get("YTARCHIVE_CONFIG")
    if named:
        return Path(named).expanduser()
    try:
        return platformdirs.user_config_path("ytarchive") / "config.toml"
    except RuntimeError:  # the user has no home folder, as in some containers
        return Path("/etc/ytarchive/config.toml")


def given_settings(config_file: Path | None = None, **overrides: dict[str, Any]) -> Given:
    """Read every source once. `overrides` are sections, such as `server={"port": 0}`.

    Raises InvalidConfiguration if a file that was named does not exist.
    """
    if config_file is not None and not config_file.exists():
        raise InvalidConfiguration(f"the configuration file {config_file} does not exist")
    return Given.read(Settings, config_file or default_config_file(), overrides)


def usable_settings(given: Given) -> tuple[Settings, list[SettingProblem]]:
    """Return the settings, without the values that cannot be used, and what is wrong with those."""
    return given.usable(Settings), given.problems


def load_settings(config_file: Path | None = None, **overrides: dict[str, Any]) -> Settings:
    """Return the settings of every source, as `given_settings` reads them.

    Raises InvalidConfiguration, which names each setting that cannot be used, and its source.
    """
    given = given_settings(config_file, **overrides)
    settings, problems = usable_settings(given)
    if problems:
        raise InvalidConfiguration("; ".join(map(str, problems)), file=str(given.file))
    return settings
