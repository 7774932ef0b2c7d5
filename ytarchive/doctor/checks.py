"""Checks of the tools, the settings, the services and the network."""

import asyncio
import re
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

import aiohttp

from ytarchive.app import open_archive
from ytarchive.common.config import Settings, StorageConfig
from ytarchive.common.errors import (
    ArchiveMissing,
    InvalidConfiguration,
    NotAnArchive,
    StateLocked,
    TokenRequired,
    WrongArchive,
    YTArchiveError,
)
from ytarchive.common.read_only import require_sound
from ytarchive.common.setting_sources import SettingProblem
from ytarchive.connection import PROXY_ERRORS, youtube_session
from ytarchive.discovery import Archive
from ytarchive.doctor.disk import check_disk, check_staging
from ytarchive.doctor.models import Check, Diagnosis, Verdict, failed
from ytarchive.storage import Access, is_creatable
from ytarchive.ytdlp import Tool, ToolReport, cookies_report, tool_report

_KEY = re.compile(r"AIza[0-9A-Za-z_-]{35}")
_SECONDS_FOR_NETWORK = 15.0
_READ_AT_ONCE = 64 * 2**20
"""Maximum bytes of a database that is read completely."""
_ACCESS_REMEDY = "Set YTARCHIVE_SERVER__TOKEN, or `server.token`, to the token of that server."
_YOUTUBE = "https://www.youtube.com/generate_204"


async def diagnose(
    settings: Settings, problems: Sequence[SettingProblem], server: str | None
) -> Diagnosis:
    """Check everything. `problems`: invalid settings, for which `settings` has the defaults.

    `server`: the URL of a server, which is checked instead of the services in this process.
    """
    checks = [*check_settings(problems), *await _all_checks(settings, server)]
    return Diagnosis(ok=all(each.verdict is not Verdict.FAIL for each in checks), checks=checks)


async def _all_checks(settings: Settings, server: str | None) -> list[Check]:
    """Return every check, in the order in which they are shown."""
    tools, services, network, tokens = await asyncio.gather(
        asyncio.to_thread(tool_report),
        check_services(settings, server),
        check_network(settings),
        check_token_server(settings),
    )
    return [
        *check_tools(tools),
        check_key(settings),
        check_cookies(settings.network.cookies_file),
        *tokens,
        check_disk(settings.storage),
        *services,
        network,
    ]


def check_settings(problems: Sequence[SettingProblem]) -> list[Check]:
    """Check the settings; the other checks use defaults for invalid ones."""
    remedy = "Correct it; `ytarchive config show` lists all settings."
    return [
        Check(name="settings", verdict=Verdict.FAIL, message=str(each), remedy=remedy)
        for each in problems
    ]


def check_tools(tools: ToolReport) -> list[Check]:
    """Check yt-dlp and its age, ffmpeg and the JavaScript runtime."""
    return [_yt_dlp(tools), _tool(tools.ffmpeg), _tool(tools.javascript)]


def _yt_dlp(tools: ToolReport) -> Check:
    check = _tool(tools.yt_dlp)
    age = tools.yt_dlp_age_days
    if check.verdict is Verdict.FAIL or age is None:
        return check
    message = f"{check.message}, {age} days old"
    if not tools.yt_dlp_is_old:
        return check.model_copy(update={"message": message})
    remedy = "YouTube changes often: pip install -U 'yt-dlp[default]'"
    return Check(name=check.name, verdict=Verdict.WARN, message=message, remedy=remedy)


def _tool(tool: Tool) -> Check:
    if tool.path is None:
        remedy = f"Install {tool.name}, or reinstall ytarchive, which includes it."
        return Check(name=tool.name, verdict=Verdict.FAIL, message="not found", remedy=remedy)
    if tool.version is None:
        message = f"{tool.path} does not report its version"
        remedy = "It may be damaged: reinstall it."
        return Check(name=tool.name, verdict=Verdict.WARN, message=message, remedy=remedy)
    return Check(name=tool.name, verdict=Verdict.OK, message=f"{tool.version} ({tool.path})")


def check_key(settings: Settings) -> Check:
    """Check the form of the Data API key, because a request would use quota."""
    key = settings.youtube.api_key
    if key is None:
        message = "none: yt-dlp fetches metadata, which is slower for long lists"
        return Check(name="API key", verdict=Verdict.OK, message=message)
    if _KEY.fullmatch(key.get_secret_value()):
        return Check(name="API key", verdict=Verdict.OK, message="set, in the right form")
    return Check(
        name="API key",
        verdict=Verdict.WARN,
        message="set, but keys of the Data API are 39 characters that begin with AIza",
        remedy="Correct YOUTUBE_API_KEY, or remove it to work without a key.",
    )


def check_cookies(path: Path | None) -> Check:
    """Check that the cookies file is valid, and that other users cannot read it."""
    if path is None:
        message = "none: only public videos can be archived"
        return Check(name="cookies", verdict=Verdict.OK, message=message)
    export = "Export them again while signed in to YouTube, in Netscape format."
    try:
        found = cookies_report(path)
    except YTArchiveError as error:
        return failed("cookies", error, Verdict.FAIL)
    if not found.is_signed_in:
        message = f"{path} has no cookies of an account that is signed in to YouTube"
        return Check(name="cookies", verdict=Verdict.WARN, message=message, remedy=export)
    until = f"{found.expires_at:%Y-%m-%d}" if found.expires_at else "the end of the session"
    if found.has_expired:
        message = f"{path} expired at {until}"
        return Check(name="cookies", verdict=Verdict.FAIL, message=message, remedy=export)
    if not found.is_private:
        message = f"other users of this machine can read {path} and use the account"
        remedy = f"chmod 600 {path}"
        return Check(name="cookies", verdict=Verdict.WARN, message=message, remedy=remedy)
    return Check(name="cookies", verdict=Verdict.OK, message=f"signed in, valid until {until}")


async def check_token_server(settings: Settings) -> list[Check]:
    """Check that the server for PO tokens answers, if one is set."""
    url = settings.youtube.pot_provider_url
    if url is None:
        return []
    timeout = aiohttp.ClientTimeout(total=_SECONDS_FOR_NETWORK)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{url.rstrip('/')}/ping", allow_redirects=False) as response,
        ):
            response.raise_for_status()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        message = f"{url} does not answer: {_reason(error)}"
        remedy = "Start the server of bgutil-ytdlp-pot-provider, or correct the setting."
        return [Check(name="PO tokens", verdict=Verdict.FAIL, message=message, remedy=remedy)]
    return [Check(name="PO tokens", verdict=Verdict.OK, message=f"{url} answers")]


async def check_services(settings: Settings, server: str | None) -> list[Check]:
    """Check the server or, without one, the services and databases in this process."""
    try:
        async with open_archive(settings, server, Access.READ) as archive:
            services = await _services(archive, settings.storage)
            return [_place(archive), services, await check_staging(archive)]
    except StateLocked as error:
        return [failed("database", error, Verdict.WARN)]
    except TokenRequired as error:
        return [failed("server", error, Verdict.FAIL, _ACCESS_REMEDY)]
    except NotAnArchive as error:
        return [await asyncio.to_thread(_no_archive, settings.storage, error)]
    except (ArchiveMissing, WrongArchive) as error:
        return [failed("archive", error, Verdict.FAIL)]
    except YTArchiveError as error:
        return [failed("server" if server else "database", error, Verdict.FAIL)]


def _require_sound(state: Path) -> None:
    """Raise DatabaseCorrupt for a damaged database."""
    for path in sorted(state.glob("*.db")):
        if path.stat().st_size <= _READ_AT_ONCE:
            require_sound(path)


def _no_archive(storage: StorageConfig, error: NotAnArchive) -> Check:
    """Return the check of a missing archive, which passes if an archive can be created."""
    if not is_creatable(storage):
        return failed("archive", error, Verdict.FAIL)
    message = f"none in {storage.base_path} yet: `ytarchive init` creates it"
    return Check(name="archive", verdict=Verdict.OK, message=message)


def _place(archive: Archive) -> Check:
    message = archive.url or "none is running; commands work without a server"
    return Check(name="server", verdict=Verdict.OK, message=message)


async def _services(archive: Archive, storage: StorageConfig) -> Check:
    """Return the checks of every service, including databases."""
    if archive.url is None:  # a server checks its databases at start
        await asyncio.to_thread(_require_sound, storage.state_path)
    services = (archive.jobs, archive.metadata, archive.download, archive.storage, archive.logging)
    answers = await asyncio.gather(*(each.health() for each in services), return_exceptions=True)
    problem = []
    for service, health in zip(services, answers, strict=True):
        if isinstance(health, BaseException):
            problem.append(f"{service.service}: {health}")
        elif not health.is_healthy:
            bad = [name for name, good in health.checks.items() if not good]
            problem.append(f"{service.service}: {', '.join(bad) or health.status}")
    if not problem:
        return Check(name="database", verdict=Verdict.OK, message="all services are healthy")
    remedy = "See `ytarchive logs --level warning`."
    message = "; ".join(problem)
    return Check(name="database", verdict=Verdict.FAIL, message=message, remedy=remedy)


async def check_network(settings: Settings) -> Check:
    """Check that YouTube answers, through the proxy if one is set."""
    network = settings.network
    way = "through the proxy" if network.proxy else "directly"
    try:
        status = await _ask_youtube(settings)
    except (InvalidConfiguration, aiohttp.ClientError, OSError, *PROXY_ERRORS) as error:
        return Check(
            name="network",
            verdict=Verdict.FAIL,
            message=f"YouTube does not answer {way}: {_reason(error)}",
            remedy="Check the connection, network.proxy and network.ca_file.",
        )
    if status == HTTPStatus.NO_CONTENT:
        return Check(name="network", verdict=Verdict.OK, message=f"YouTube answers {way}")
    return Check(
        name="network",
        verdict=Verdict.WARN,
        message=f"the answer {way} is not YouTube's usual one (HTTP {status})",
        remedy="The answer may be from a proxy or the log-in page of a network. Otherwise YouTube"
        " blocks this IP address.",
    )


def _reason(error: Exception) -> str:
    """Return the reason of an error; aiohttp's own text contains Python objects."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return str(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or str(error.os_error)
    return str(error) or type(error).__name__


async def _ask_youtube(settings: Settings) -> int:
    """Return the HTTP status of YouTube's answer to a small request."""
    timeout = aiohttp.ClientTimeout(total=min(settings.network.timeout, _SECONDS_FOR_NETWORK))
    async with (
        youtube_session(settings.network, timeout) as session,
        session.get(_YOUTUBE) as response,
    ):
        return response.status
