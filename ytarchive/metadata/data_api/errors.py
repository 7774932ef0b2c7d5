"""The Data API's refusals as errors. Source: its documentation and answers of 2026."""

import errno
import html
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp_socks import ProxyError

from ytarchive.common import errors

_MEANINGS: dict[str, type[errors.YTArchiveError]] = {
    "quotaExceeded": errors.QuotaExceeded,
    "dailyLimitExceeded": errors.QuotaExceeded,
    "API_KEY_INVALID": errors.ApiKeyInvalid,
    "API_KEY_EXPIRED": errors.ApiKeyInvalid,
    "keyInvalid": errors.ApiKeyInvalid,
    "keyExpired": errors.ApiKeyInvalid,
    "accessNotConfigured": errors.ApiNotEnabled,
    "SERVICE_DISABLED": errors.ApiNotEnabled,
    "API_KEY_SERVICE_BLOCKED": errors.ApiNotEnabled,
    "API_KEY_HTTP_REFERRER_BLOCKED": errors.ApiNotEnabled,
    "API_KEY_IP_ADDRESS_BLOCKED": errors.ApiNotEnabled,
    "API_KEY_ANDROID_APP_BLOCKED": errors.ApiNotEnabled,
    "API_KEY_IOS_APP_BLOCKED": errors.ApiNotEnabled,
    "ipRefererBlocked": errors.ApiNotEnabled,
    "CONSUMER_INVALID": errors.ApiNotEnabled,
    "CONSUMER_SUSPENDED": errors.ApiNotEnabled,
    "rateLimitExceeded": errors.ApiRateLimited,
    "userRateLimitExceeded": errors.ApiRateLimited,
    "RATE_LIMIT_EXCEEDED": errors.ApiRateLimited,
    "RESOURCE_EXHAUSTED": errors.ApiRateLimited,
    "playlistNotFound": errors.SourceGone,
    "playlistItemsNotAccessible": errors.SourceGone,
    "playlistForbidden": errors.SourceGone,
    "watchLaterNotAccessible": errors.SourceGone,
    "watchHistoryNotAccessible": errors.SourceGone,
    "channelNotFound": errors.SourceGone,
    "channelForbidden": errors.SourceGone,
    "channelClosed": errors.SourceGone,
    "channelSuspended": errors.SourceGone,
    "videoNotFound": errors.VideoUnavailable,
}
"""YouTube's reasons, at any place of the answer."""

_CAUSES = {
    errno.ECONNREFUSED: "nothing listens there (connection refused)",
    errno.ENETUNREACH: "it cannot be reached; is there a network?",
    errno.EHOSTUNREACH: "it cannot be reached; is there a network?",
    errno.ETIMEDOUT: "it does not answer",
    errno.ECONNRESET: "the connection was cut",
}
_ERRNO = re.compile(r"\[Errno (\d+)\]")
_PHRASES = frozenset(status.phrase for status in HTTPStatus)
"""The whole text of some errors."""

_TAG = re.compile(r"<[^>]*>")
_LONGEST_MESSAGE = 500
_LONGEST_WAIT = 30.0
_CERTIFICATE = "the certificate of {} is not trusted; a company's authority goes to network.ca_file"


@dataclass(frozen=True)
class Refusal:
    """Why a request failed, and whether an immediate retry may help."""

    error: errors.YTArchiveError
    retry: bool = False
    wait: float = 0
    """Seconds that YouTube requires before the next attempt."""


def refused(status: int, retry_after: str | None, body: bytes) -> Refusal:
    """Return the error for an answer with a status other than 200."""
    if 300 <= status < 400:
        message = f"the Data API's address answered with a redirection ({status}), which is refused"
        return Refusal(errors.ApiFailure(message, http_status=status))
    given = _error_object(body)
    reasons = list(_reasons(given))
    message = plain_text(given.get("message")) or f"the Data API answered {status}"
    kind = _meaning(status, reasons, message)
    if message in _PHRASES:
        message = f"{kind.meaning} ({message})"
    details: dict[str, Any] = {"http_status": status}
    if reasons:
        details["api_reason"] = reasons[0]
    wait = _seconds(retry_after)
    again = status >= 500 or (kind is errors.ApiRateLimited and wait <= _LONGEST_WAIT)
    return Refusal(kind(message, **details), again, wait if wait <= _LONGEST_WAIT else 0)


def unreadable(body: bytes) -> Refusal:
    """Return the error for a 200 answer whose body is no list of the API."""
    if body.lstrip()[:1] == b"<":
        message = (
            "a web page came instead of the Data API's answer; a proxy or portal is in between"
        )
    else:
        message = "the Data API's answer is cut off or invalid"
    return Refusal(errors.ApiFailure(message, http_status=200), retry=True)


def unreachable(error: Exception, timeout: float) -> Refusal:
    """Return the error for an exception, without text of the request (proxy passwords)."""
    match error:
        case TimeoutError():
            message = f"the Data API did not answer within {timeout:g} seconds"
        case aiohttp.ClientConnectorCertificateError():
            return Refusal(errors.NetworkFailure(_CERTIFICATE.format(error.host)))
        case aiohttp.ClientHttpProxyError():
            message = f"the proxy refused the connection to the Data API ({error.status})"
        case aiohttp.ClientProxyConnectionError():
            message = f"the proxy cannot be reached: {_cause(error)}"
        case ProxyError():
            message = "the SOCKS proxy cannot be reached, or refused the connection to the Data API"
        case aiohttp.ClientConnectorError():
            message = f"the server {error.host} cannot be reached: {_cause(error)}"
        case _:
            message = f"the connection to the Data API broke off ({type(error).__name__})"
    return Refusal(errors.NetworkFailure(message), retry=True)


def plain_text(message: Any) -> str:
    """Return a message without markup; YouTube puts links into some."""
    if not isinstance(message, str):
        return ""
    text = " ".join(html.unescape(_TAG.sub("", message)).split())
    return text.encode("utf-8", "replace").decode()[:_LONGEST_MESSAGE]


def _cause(error: aiohttp.ClientConnectorError) -> str:
    """Return why there is no connection, without Python's text."""
    failure = error.os_error
    if isinstance(failure, socket.gaierror):
        return "its name cannot be resolved; is there a network?"
    # With several addresses one text contains several failures; the last one is used.
    numbers = _ERRNO.findall(str(failure)) or [failure.errno or 0]
    return _CAUSES.get(int(numbers[-1]), "no connection could be made")


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    given = answer.get("error") if isinstance(answer, dict) else None
    return given if isinstance(given, dict) else {}


def _reasons(given: dict[str, Any]) -> Iterator[str]:
    """Yield `errors[].reason`, then `details[].reason`, then `status`."""
    for name in ("errors", "details"):
        items = given.get(name)
        for item in items if isinstance(items, list) else []:
            reason = item.get("reason") if isinstance(item, dict) else None
            if isinstance(reason, str):
                yield reason
    if isinstance(given.get("status"), str):
        yield given["status"]


def _meaning(status: int, reasons: list[str], message: str) -> type[errors.YTArchiveError]:
    text = message.lower()
    kind = next((_MEANINGS[reason] for reason in reasons if reason in _MEANINGS), None)
    if kind is None and ("api key" in text or "unregistered callers" in text):
        return errors.ApiKeyInvalid
    if kind is None and status == 429:
        kind = errors.ApiRateLimited
    # Since 2026 used-up daily quotas are reported as rate limits too. Searches have their own.
    if kind is errors.ApiRateLimited and "per day" in text and "search" not in text:
        return errors.QuotaExceeded
    return kind or errors.ApiFailure


def _seconds(retry_after: str | None) -> float:
    """Return `Retry-After` in seconds; the API does not use the other form, a date."""
    return float(retry_after) if retry_after and retry_after.strip().isdecimal() else 0
