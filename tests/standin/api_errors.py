"""The Data API's errors in their real shapes, by the names that faults use."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

_KEY_HELP = "API key not valid. Please pass a valid API key."
_QUOTA = (
    'The request cannot be completed because you have exceeded your <a href="/youtube/v3/'
    'getting-started#quota">quota</a>.'
)
_DISABLED = (
    "YouTube Data API v3 has not been used in project 123456789 before or it is disabled. "
    "Enable it by visiting https://console.developers.google.com/apis/api/"
    "youtube.googleapis.com/overview?project=123456789 then retry."
)
_BUCKET = (
    "Quota exceeded for quota metric 'Search Queries' and limit 'Search Queries per day' of "
    "service 'youtube.googleapis.com' for consumer 'project_number:123456789'."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiError:
    """One error: HTTP status, Google's status word, reason, domain and words."""

    http: int
    reason: str
    message: str
    domain: str = "youtube.api"
    status: str = ""
    location: str = ""
    details: tuple[str, ...] = field(default=())

    def body(self) -> Json:
        """Return the JSON that goes with it."""
        item: Json = {"message": self.message, "domain": self.domain, "reason": self.reason}
        if self.location:
            item |= {"location": self.location, "locationType": "parameter"}
        error: Json = {"code": self.http, "message": self.message, "errors": [item]}
        if self.status:
            error["status"] = self.status
        if self.details:
            error["details"] = [_detail(reason) for reason in self.details]
        return {"error": error}


def _detail(reason: str) -> Json:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "youtube.googleapis.com"},
    }


def _key_set_up(detail: str, message: str, reason: str = "forbidden") -> ApiError:
    return ApiError(
        http=403,
        reason=reason,
        domain="usageLimits" if reason == "accessNotConfigured" else "global",
        message=message,
        status="PERMISSION_DENIED",
        details=(detail,),
    )


def _limit(reason: str, message: str, http: int = 403) -> ApiError:
    return ApiError(http=http, reason=reason, domain="usageLimits", message=message)


def _hidden(name: str, http: int, location: str, message: str) -> ApiError:
    return ApiError(
        http=http,
        reason=name,
        domain="youtube.playlistItem",
        message=message,
        location=location,
    )


_FORBIDDEN_LIST = "The caller does not have permission to read the items of this playlist."

API_ERRORS = {
    "quotaExceeded": ApiError(
        http=403, reason="quotaExceeded", domain="youtube.quota", message=_QUOTA
    ),
    "dailyLimitExceeded": _limit("dailyLimitExceeded", "Daily Limit Exceeded."),
    "rateLimitExceeded": _limit("rateLimitExceeded", "Rate Limit Exceeded"),
    "userRateLimitExceeded": _limit("userRateLimitExceeded", "User Rate Limit Exceeded"),
    "resourceExhausted": ApiError(
        http=429,
        reason="rateLimitExceeded",
        domain="global",
        message=_BUCKET,
        status="RESOURCE_EXHAUSTED",
        details=("RATE_LIMIT_EXCEEDED",),
    ),
    "keyInvalid": ApiError(
        http=400,
        reason="badRequest",
        domain="global",
        message=_KEY_HELP,
        status="INVALID_ARGUMENT",
        details=("API_KEY_INVALID",),
    ),
    "keyInvalidOld": _limit("keyInvalid", "Bad Request", http=400),
    "keyMissing": ApiError(
        http=403,
        reason="forbidden",
        domain="global",
        message="Method doesn't allow unregistered callers (callers without established "
        "identity). Please use API Key or other form of API consumer identity to call this API.",
        status="PERMISSION_DENIED",
    ),
    "accessNotConfigured": _key_set_up("SERVICE_DISABLED", _DISABLED, "accessNotConfigured"),
    "keyServiceBlocked": _key_set_up(
        "API_KEY_SERVICE_BLOCKED",
        "Requests to this API youtube method youtube.api.v3.V3DataVideoService.List are blocked.",
    ),
    "keyReferrerBlocked": _key_set_up(
        "API_KEY_HTTP_REFERRER_BLOCKED", "Requests from referer <empty> are blocked."
    ),
    "playlistNotFound": _hidden(
        "playlistNotFound",
        404,
        "playlistId",
        "The playlist identified with the request's <code>playlistId</code> parameter "
        "cannot be found.",
    ),
    "playlistItemsNotAccessible": _hidden(
        "playlistItemsNotAccessible", 403, "playlistId", _FORBIDDEN_LIST
    ),
    "watchLaterNotAccessible": _hidden(
        "watchLaterNotAccessible",
        403,
        "playlistId",
        "Items in watch later playlists are not accessible through the API.",
    ),
    "watchHistoryNotAccessible": _hidden(
        "watchHistoryNotAccessible",
        403,
        "playlistId",
        "Watch history data cannot be retrieved through the API.",
    ),
    "videoNotFound": _hidden(
        "videoNotFound",
        404,
        "videoId",
        "The video identified with the request's <code>videoId</code> parameter cannot be found.",
    ),
    "invalidPageToken": ApiError(
        http=400,
        reason="invalidPageToken",
        domain="youtube.parameter",
        message="The request specifies an invalid page token.",
        location="pageToken",
    ),
    "invalidFilters": ApiError(
        http=400,
        reason="invalidFilters",
        domain="youtube.parameter",
        message="The request specifies an invalid filter parameter.",
        location="id",
    ),
    "invalidMaxResults": ApiError(
        http=400,
        reason="invalidParameter",
        domain="youtube.parameter",
        message="Invalid value. Values must be within the range: [0, 50]",
        location="maxResults",
    ),
    "missingPart": ApiError(
        http=400,
        reason="missingRequiredParameter",
        domain="youtube.parameter",
        message="Required parameter: part",
        location="part",
    ),
    "missingRequiredParameter": ApiError(
        http=400,
        reason="missingRequiredParameter",
        domain="youtube.parameter",
        message="No filter selected. Expected one of: id, playlistId",
        location="parameters.",
    ),
    "unknownPart": ApiError(
        http=400,
        reason="unknownPart",
        domain="youtube.part",
        message="'standin'",
        location="part",
    ),
    "methodNotFound": ApiError(
        http=404, reason="notFound", domain="global", message="Requested entity was not found."
    ),
    "backendError": ApiError(
        http=500,
        reason="backendError",
        domain="global",
        message="Internal error encountered.",
        status="INTERNAL",
    ),
    "serviceUnavailable": ApiError(
        http=503,
        reason="backendError",
        domain="global",
        message="The service is currently unavailable.",
        status="UNAVAILABLE",
    ),
}

GARBAGE = {
    "html": (
        502,
        "text/html; charset=UTF-8",
        b"<!DOCTYPE html><html lang=en><title>Error 502 (Server Error)!!1</title></html>",
    ),
    "htmlOk": (200, "text/html", b"<html><body>Please sign in to this network</body></html>"),
    "empty": (200, "application/json; charset=UTF-8", b""),
    "brokenJson": (200, "application/json; charset=UTF-8", b'{"kind": "youtube#videoListRes'),
    "noItems": (200, "application/json; charset=UTF-8", b'{"kind": "youtube#other"}'),
}
"""Answers that are no proper error at all: HTTP status, media type, body."""
