"""Declares every setting; the TOML file, the environment and `config show` are derived from it.

Order of precedence: command line, environment (`YTARCHIVE_<SECTION>__<FIELD>`), the TOML file, the
defaults below. Secrets are `SecretStr`, so they are masked wherever settings are shown.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.errors import InvalidConfiguration
from ytarchive.common.notification_settings import NotificationsConfig
from ytarchive.common.profiles import ProfileName, ProfileSettings
from ytarchive.common.refresh_settings import RefreshesConfig
from ytarchive.common.services import ServiceName
from ytarchive.common.setting_sources import Given, SettingProblem
from ytarchive.common.setting_types import (
    BareUrl,
    Days,
    FolderName,
    Folders,
    LogLevel,
    Names,
    ProxyUrl,
    PublicUrl,
    Seconds,
    Section,
    ServiceUrl,
    Size,
    Token,
    Tokens,
    UserPath,
    proxy_from_environment,
    secret_from,
)

OWN_FOLDER = ".ytarchive"
"""Folder in the archive for the program's own files: databases, lock, staging."""


class ServiceConfig(Section):
    """Address and log level of a service."""

    host: str = Field("localhost", description="Address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="Port; 0 lets the system choose")
    log_level: LogLevel = Field("INFO", description="Minimum level that is logged")


class ServerConfig(ServiceConfig):
    """The HTTP server."""

    host: str = Field("127.0.0.1", description="Addresses other than loopback need a token")
    token: SecretStr | None = Field(
        None, description="Access token that every request must contain"
    )
    allowed_hosts: Names = Field([], description="Additional names accepted in the Host header")
    public_url: PublicUrl | None = Field(
        None, description="URL by which other devices reach the server, for podcast feeds"
    )
    max_body_bytes: Size = Field(8 * 2**20, ge=1024, description="Largest request body")
    request_timeout: Seconds = Field(600, gt=0, description="Maximum seconds of one request")
    read_timeout: Seconds = Field(
        60, gt=0, description="Maximum seconds of an incomplete request or idle connection"
    )


class YouTubeConfig(Section):
    """The YouTube Data API, and yt-dlp's identification to YouTube."""

    api_key: SecretStr | None = Field(
        default_factory=lambda: secret_from("YOUTUBE_API_KEY"),
        description="Key of the Data API; default: YOUTUBE_API_KEY. yt-dlp is used without a key",
    )
    quota_limit: int = Field(10_000, ge=0, description="Quota units per day")
    quota_reserve: int = Field(1_000, ge=0, description="Quota units that YTArchive leaves unused")
    extract_when_quota_spent: bool = Field(True, description="Use yt-dlp when the quota is used up")
    player_clients: Names = Field([], description="YouTube clients that yt-dlp uses, as `tv,web`")
    po_tokens: Tokens = Field([], description="PO tokens as `CLIENT.CONTEXT+TOKEN`: `web.gvs+…`")
    visitor_data: Token | None = Field(None, description="yt-dlp's visitor_data, for PO tokens")
    data_sync_id: Token | None = Field(None, description="yt-dlp's data_sync_id, with cookies")
    plugins: bool = Field(False, description="Load the installed yt-dlp plugins")
    pot_provider_url: BareUrl | None = Field(
        None, description="bgutil's PO token server; loads plugins"
    )

    def secrets(self) -> Iterator[SecretStr]:
        """Yield the secrets, which no output may contain."""
        yield from filter(None, (self.api_key, self.visitor_data, self.data_sync_id))
        yield from self.po_tokens


class StorageConfig(Section):
    """The archive on disk."""

    base_path: UserPath = Field(Path("~/YTArchive"), description="Folder of the archive")
    metadata_dir: FolderName = Field("metadata", description="Below base_path")
    videos_dir: FolderName = Field("videos", description="Below base_path")
    logs_dir: FolderName = Field("logs", description="Below base_path")
    allowed_roots: Folders = Field([], description="Folders of the machine that requests may use")
    state_dir: UserPath | None = Field(None, description="Databases; default base_path/.ytarchive")
    min_free: Size = Field(2**30, ge=0, description="Bytes of free disk space that downloads keep")
    staging_max_age: Seconds = Field(
        7 * 86_400, gt=0, description="Seconds until unused partial downloads are removed"
    )
    staging_max_bytes: Size = Field(
        50 * 2**30, ge=0, description="Maximum bytes of partial downloads"
    )
    trash_days: Days = Field(
        30, ge=0, le=36_500, description="Days until files in the trash are deleted"
    )
    verify_every_days: Days | None = Field(
        None, gt=0, description="Interval of verifications by a server; default: never"
    )
    verify_time_limit: Seconds = Field(
        3600, gt=0, description="Maximum seconds of verification per day"
    )

    @property
    def state_path(self) -> Path:
        """Return the folder of databases, lock and staging."""
        return self.state_dir or self.base_path / OWN_FOLDER

    @property
    def staging_path(self) -> Path:
        """The folder of unfinished downloads, on the archive's file system."""
        return self.base_path / OWN_FOLDER / "staging"


class MetadataConfig(Section):
    """The metadata cache."""

    video_lifetime: Seconds = Field(
        24 * 3600, ge=0, description="Seconds until cached metadata expires"
    )
    playlist_lifetime: Seconds = Field(300, ge=0, description="Seconds until a cached list expires")


class JobsConfig(Section):
    """The queue."""

    retry_base: Seconds = Field(5, gt=0, description="Seconds before the first retry; then doubled")
    retry_max: Seconds = Field(3600, gt=0, description="Maximum seconds between retries")
    notification_timeout: Seconds = Field(
        10, gt=0, description="Seconds until Jobs polls a download"
    )
    health_interval: Seconds = Field(5, gt=0, description="Seconds between health checks")
    shutdown_grace: Seconds = Field(8, ge=0, description="Seconds for active transfers at shutdown")
    full_listing_days: Days = Field(
        7,
        ge=0,
        description="Days between complete listings of a channel; others end at known videos",
    )
    fresh_hours: float = Field(
        48,
        ge=0,
        le=240,
        description="A video that was stored within these hours after its upload, and below the "
        "requested quality, is requested again after 1 and 7 days; 0: never",
    )
    keep_days: Days = Field(
        90,
        ge=0,
        description="Finished jobs without missing videos are removed after this many days; "
        "0 keeps all",
    )


class SubscriptionsConfig(Section):
    """Checks of the followed channels and playlists."""

    requests_per_day: int = Field(
        5_000, ge=1, description="Maximum requests for checks per day; checks become less frequent"
    )
    units_per_day: int = Field(
        5_000, ge=0, description="Maximum quota units of the Data API for checks per day"
    )


class LoggingConfig(Section):
    """Logs."""

    retention_days: Days = Field(30, ge=1, description="Days until entries and files are deleted")
    max_bytes: Size = Field(2**30, ge=2**20, description="Maximum total size of log files")
    file_bytes: Size = Field(64 * 2**20, ge=2**16, description="A log file is rotated at this size")


class NetworkConfig(Section):
    """The connection to YouTube."""

    proxy: ProxyUrl | None = Field(
        default_factory=proxy_from_environment,
        description="Proxy URL; default: HTTPS_PROXY or ALL_PROXY of the environment",
    )
    ca_file: UserPath | None = Field(None, description="Additional certificate authorities (PEM)")
    timeout: Seconds = Field(20, gt=0, description="Maximum seconds without data on a connection")
    cookies_file: UserPath | None = Field(
        None, description="Cookies of an account (Netscape format)"
    )


class ServicesConfig(Section):
    """URLs of services that run in another process."""

    jobs: ServiceUrl | None = Field(None, description="URL of Jobs in another process")
    metadata: ServiceUrl | None = Field(None, description="URL of Metadata in another process")
    download: ServiceUrl | None = Field(None, description="URL of Download in another process")
    storage: ServiceUrl | None = Field(None, description="URL of Storage in another process")
    logging: ServiceUrl | None = Field(None, description="URL of Logging in another process")

    def url(self, service: ServiceName) -> str | None:
        """Return the URL configured for a service."""
        url: str | None = getattr(self, service.value)
        return url


class Settings(BaseSettings):
    """All settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="YTARCHIVE_",
        env_nested_delimiter="__",
        env_ignore_empty=True,  # container files set unused variables to an empty text
        frozen=True,
        extra="forbid",
    )

    server: ServerConfig = ServerConfig()
    youtube: YouTubeConfig = Field(default_factory=YouTubeConfig)
    storage: StorageConfig = Field(default_factory=StorageConfig)
    download: DownloadConfig = DownloadConfig()
    metadata: MetadataConfig = MetadataConfig()
    jobs: JobsConfig = JobsConfig()
    subscriptions: SubscriptionsConfig = SubscriptionsConfig()
    refreshes: RefreshesConfig = RefreshesConfig()
    logging: LoggingConfig = LoggingConfig()
    notifications: NotificationsConfig = NotificationsConfig()
    network: NetworkConfig = Field(default_factory=NetworkConfig)
    services: ServicesConfig = ServicesConfig()
    profiles: dict[ProfileName, ProfileSettings] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only the given values; `Given` has already merged all sources."""
        return (init_settings,)


def default_config_file() -> Path:
    """Return `YTARCHIVE_CONFIG`, or `config.toml` in the user's configuration folder or `/etc`."""
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
    """Return the settings without invalid values, and the problems of the invalid values."""
    return given.usable(Settings), given.problems


def load_settings(config_file: Path | None = None, **overrides: dict[str, Any]) -> Settings:
    """Return the settings of every source, as `given_settings` reads them.

    Raises InvalidConfiguration, which names each invalid setting and its source.
    """
    given = given_settings(config_file, **overrides)
    settings, problems = usable_settings(given)
    if problems:
        raise InvalidConfiguration("; ".join(map(str, problems)), file=str(given.file))
    return settings
