"""Checks of the tools, the settings, the services, the network and the disk."""

import asyncio
import os
import re
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Protocol, TypeVar

import aiohttp
from rich.filesize import decimal

from ytarchive.common.config import Settings, StorageConfig
from ytarchive.common.contract import Contract, ServiceContract
from ytarchive.common.disk import Space, existing
from ytarchive.common.errors import InvalidConfiguration, YTArchiveError
from ytarchive.common.setting_sources import SettingProblem
from ytarchive.connection import PROXY_ERRORS, youtube_session
from ytarchive.download import DownloadAPI, StagingAPI
from ytarchive.jobs import JobsAPI
from ytarchive.logging import LoggingAPI
from ytarchive.maintenance.models import Check, Diagnosis, Verdict, failed
from ytarchive.metadata import MetadataAPI
from ytarchive.storage import StorageAPI
from ytarchive.ytdlp import Tool, ToolReport, cookies_report, tool_report

C = TypeVar("C", bound=Contract)

_KEY = re.compile(r"AIza[0-9A-Za-z_-]{35}")
_SECONDS_FOR_NETWORK = 15.0
_SERVICES: tuple[type[ServiceContract], ...] = (
    JobsAPI,
    MetadataAPI,
    DownloadAPI,
    StorageAPI,
    LoggingAPI,
)
_YOUTUBE = "https://www.youtube.com/generate_204"


class Of(Protocol):
    """Returns the implementation of a contract, in this process or of a server."""

    def __call__(self, contract: type[C], /) -> C:
        """Return the implementation."""
        ...


async def diagnose(settings: Settings, services: Sequence[Check]) -> Diagnosis:
    """Check everything around the services. `services`: their checks."""
    tools, network, tokens = await asyncio.gather(
        asyncio.to_thread(tool_report),
        check_network(settings),
        check_token_server(settings),
    )
    return Diagnosis.of(
        [
            *check_tools(tools, settings.download.yt_dlp_max_age),
            check_key(settings),
            check_cookies(settings.network.cookies_file),
            *tokens,
            check_disk(settings.storage),
            *services,
            network,
        ]
    )


def check_settings(problems: Sequence[SettingProblem]) -> list[Check]:
    """Check the settings; the other checks use defaults for invalid ones."""
    remedy = "Correct it; `ytarchive config show` lists all settings."
    return [Check.fail("settings", str(each), remedy) for each in problems]


def check_tools(tools: ToolReport, max_age: float) -> list[Check]:
    """Check yt-dlp and its age, ffmpeg and the JavaScript runtime."""
    return [_yt_dlp(tools, max_age), _tool(tools.ffmpeg), _tool(tools.javascript)]


def _yt_dlp(tools: ToolReport, max_age: float) -> Check:
    check = _tool(tools.yt_dlp)
    age = tools.yt_dlp_age_days
    if check.verdict is Verdict.FAIL or age is None:
        return check
    message = f"{check.message}, {age} days old"
    if age <= max_age:
        return check.model_copy(update={"message": message})
    return Check.warn(check.name, message, "YouTube changes often: `ytarchive upgrade-ytdlp`")


def _tool(tool: Tool) -> Check:
    if tool.path is None:
        remedy = f"Install {tool.name}, or reinstall ytarchive, which includes it."
        return Check.fail(tool.name, "not found", remedy)
    if tool.version is None:
        message = f"{tool.path} does not report its version"
        return Check.warn(tool.name, message, "It may be damaged: reinstall it.")
    return Check.ok(tool.name, f"{tool.version} ({tool.path})")


def check_key(settings: Settings) -> Check:
    """Check the form of the Data API key, because a request would use quota."""
    key = settings.youtube.api_key
    if key is None:
        return Check.ok("API key", "none: yt-dlp fetches metadata, which is slower for long lists")
    if _KEY.fullmatch(key.get_secret_value()):
        return Check.ok("API key", "set, in the right form")
    return Check.warn(
        "API key",
        "set, but keys of the Data API are 39 characters that begin with AIza",
        "Correct YOUTUBE_API_KEY, or remove it to work without a key.",
    )


def check_cookies(path: Path | None) -> Check:
    """Check that the cookies file is valid, and that other users cannot read it."""
    if path is None:
        return Check.ok("cookies", "none: only public videos can be archived")
    export = "Export them again while signed in to YouTube, in Netscape format."
    try:
        found = cookies_report(path)
    except YTArchiveError as error:
        return failed("cookies", error, Verdict.FAIL)
    if not found.is_signed_in:
        message = f"{path} has no cookies of an account that is signed in to YouTube"
        return Check.warn("cookies", message, export)
    until = f"{found.expires_at:%Y-%m-%d}" if found.expires_at else "the end of the session"
    if found.has_expired:
        return Check.fail("cookies", f"{path} expired at {until}", export)
    if not found.is_private:
        message = f"other users of this machine can read {path} and use the account"
        return Check.warn("cookies", message, f"chmod 600 {path}")
    return Check.ok("cookies", f"signed in, valid until {until}")


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
        return [Check.fail("PO tokens", message, remedy)]
    return [Check.ok("PO tokens", f"{url} answers")]


async def check_services(of: Of) -> list[Check]:
    """Check every service, including databases, and the staging folder."""
    asked = (of(each).health() for each in _SERVICES)
    healths = await asyncio.gather(*asked, return_exceptions=True)
    problem = []
    for contract, health in zip(_SERVICES, healths, strict=True):
        if isinstance(health, BaseException):
            problem.append(f"{contract.service}: {health}")
        elif not health.is_healthy:
            bad = [name for name, good in health.checks.items() if not good]
            problem.append(f"{contract.service}: {', '.join(bad) or health.status}")
    check = Check.ok("database", "all services are healthy")
    if problem:
        remedy = "See `ytarchive logs --level warning`."
        check = Check.fail("database", "; ".join(problem), remedy)
    return [check, await check_staging(of(StagingAPI))]


async def check_network(settings: Settings) -> Check:
    """Check that YouTube answers, through the proxy if one is set."""
    network = settings.network
    way = "through the proxy" if network.proxy else "directly"
    try:
        status = await _ask_youtube(settings)
    except (InvalidConfiguration, aiohttp.ClientError, OSError, *PROXY_ERRORS) as error:
        message = f"YouTube does not answer {way}: {_reason(error)}"
        return Check.fail(
            "network", message, "Check the connection, network.proxy and network.ca_file."
        )
    if status == HTTPStatus.NO_CONTENT:
        return Check.ok("network", f"YouTube answers {way}")
    return Check.warn(
        "network",
        f"the answer {way} is not YouTube's usual one (HTTP {status})",
        "The answer may be from a proxy or the log-in page of a network. Otherwise YouTube"
        " blocks this IP address.",
    )


def check_disk(storage: StorageConfig) -> Check:
    """Check that the archive's folder is writable and has free space."""
    folder = existing(storage.base_path)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        remedy = "Give this user the right to write there, or choose another storage.base_path."
        return Check.fail("disk", f"{folder} cannot be written", remedy)
    space = Space.at(folder, storage.min_free)
    message = f"{decimal(space.free)} free for {storage.base_path}"
    if space.left > space.kept:
        return Check.ok("disk", message)
    message += f", of which {decimal(space.kept)} are kept (storage.min_free)"
    conclude = Check.fail if space.left < 0 else Check.warn
    return conclude("disk", message, "Free some space, or choose another storage.base_path.")


async def check_staging(staging: StagingAPI) -> Check:
    """Report the size of partial downloads, and when they are removed."""
    try:
        found = await staging.get_staging()
    except YTArchiveError as error:
        return failed("staging", error, Verdict.WARN)
    kept = f"{found.active} in use, {found.videos} unused with {decimal(found.size_bytes)}"
    days = found.max_age / 86_400
    removed = f"unused ones are removed after {days:g} days or beyond {decimal(found.max_bytes)}"
    since = f", the oldest from {found.oldest:%Y-%m-%d}" if found.oldest else ""
    return Check.ok("staging", f"{kept}{since}; {removed}")


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
