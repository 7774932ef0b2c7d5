"""Checks of the tools, the settings, the services and the network."""

import asyncio
import re
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Protocol, TypeVar

import aiohttp

from ytarchive.common.config import Settings
from ytarchive.common.contract import Contract, ServiceContract
from ytarchive.common.errors import InvalidConfiguration, YTArchiveError
from ytarchive.common.setting_sources import SettingProblem
from ytarchive.connection import PROXY_ERRORS, youtube_session
from ytarchive.download import DownloadAPI, StagingAPI
from ytarchive.jobs import JobsAPI
from ytarchive.logging import LoggingAPI
from ytarchive.maintenance.disk import check_disk, check_staging
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
            *check_tools(tools),
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
    check = Check(name="database", verdict=Verdict.OK, message="all services are healthy")
    if problem:
        remedy = "See `ytarchive logs --level warning`."
        failure = {"verdict": Verdict.FAIL, "message": "; ".join(problem), "remedy": remedy}
        check = check.model_copy(update=failure)
    return [check, await check_staging(of(StagingAPI))]


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
