"""Every failure that YTArchive names, as one tree.

YTArchiveError
├── QuotaExceeded                    E001
├── RequestError                     the caller can mend it
│   ├── InvalidRequest … NotFound, Conflict        E002 - E019
├── ServiceError                     one of our own processes failed
│   ├── InternalError … ProtocolError              E020 - E023
├── YouTubeError                     what YouTube or yt-dlp answered
│   ├── Blocked                      the whole address is held back: RateLimited, BotCheck, …
│   ├── Unavailable                  this video (or list) cannot be had: private, deleted, …
│   ├── Postponed                    not yet: UpcomingVideo, LiveVideo
│   ├── ExtractionError              yt-dlp and YouTube disagree: ExtractorBroken, NoFormats, …
│   └── DataApiError                 the Data API refused: key, set-up, rate
├── NetworkFailure                   E140, E141
└── LocalError                       this machine: disk, tools, files, state

A class owns its code, its HTTP status, what it means and what helps; `docs/errors.md`, the OpenAPI
document and the HTTP answers are derived from it. Errors cross process borders as codes.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from ytarchive.common.models import ErrorDetail


class YTArchiveError(Exception):
    """The root. `message` is for people; `details` is for programs."""

    code: ClassVar[str] = ""
    status: ClassVar[int] = 500
    meaning: ClassVar[str] = ""
    remedy: ClassVar[str] = ""
    retryable: ClassVar[bool] = False
    reason: ClassVar[str] = ""

    def __init__(self, message: str = "", **details: Any) -> None:
        self.message = message or self.meaning
        self.details = details
        super().__init__(self.message)

    def detail(self) -> ErrorDetail:
        """Return the error as sent in an envelope."""
        return ErrorDetail(code=self.code, message=self.message, details=self.details or None)


class QuotaExceeded(YTArchiveError):
    code, status = "E001", 429
    meaning = "API quota exceeded"
    remedy = "Wait for midnight Pacific time, raise `youtube.quota_limit`, or work without a key."
    reason = "quota_exceeded"


# --- the caller can mend it -----------------------------------------------------------------


class RequestError(YTArchiveError):
    """A request that cannot be carried out as it was sent."""

    status = 400


class InvalidRequest(RequestError):
    code, status = "E002", 422
    meaning = "A field is missing, unknown or out of range"
    remedy = "Correct the fields named in `details.fields`; `/api/v1/openapi.json` has the schema."
    reason = "invalid_request"


class MalformedBody(RequestError):
    code, status = "E003", 400
    meaning = "The body is not JSON that can be read"
    remedy = "Send one JSON object in UTF-8, at most 64 levels deep."


class InvalidIdentifier(RequestError):
    code, status = "E004", 422
    meaning = "Not a YouTube id or address"
    remedy = "Give an 11-character video id, a playlist id, a channel, or a youtube.com address."
    reason = "invalid_identifier"


class PathOutsideArchive(RequestError):
    code, status = "E005", 422
    meaning = "The path leads out of the archive"
    remedy = "Give a path below `storage.base_path`, without links that lead out of it."
    reason = "invalid_path"


class UnknownPath(RequestError):
    code, status = "E006", 404
    meaning = "No endpoint has this path"
    remedy = "`/api/v1/openapi.json` lists every endpoint."


class MethodNotAllowed(RequestError):
    code, status = "E007", 405
    meaning = "This endpoint has another method"
    remedy = "Use one of the methods in the `Allow` header."


class BodyTooLarge(RequestError):
    code, status = "E008", 413
    meaning = "The body is larger than the server takes"
    remedy = "Split the request, or raise `server.max_body_bytes`."


class UnsupportedMediaType(RequestError):
    code, status = "E009", 415
    meaning = "The body is not declared as JSON"
    remedy = "Send `Content-Type: application/json` (`curl --json` does)."


class ForbiddenOrigin(RequestError):
    code, status = "E010", 403
    meaning = "The request comes from a page of another site"
    remedy = "Call the API from a program, not from a web page of another origin."


class ForbiddenHost(RequestError):
    code, status = "E011", 421
    meaning = "The Host header names another server"
    remedy = "Use the address the server was started on, or add the name to `server.allowed_hosts`."


class TokenRequired(RequestError):
    code, status = "E012", 401
    meaning = "The access token is missing or wrong"
    remedy = "Send `Authorization: Bearer …` with the value of `server.token`."


class NotFound(RequestError):
    code, status = "E013", 404
    meaning = "Nothing is stored under this id"
    remedy = "List what there is, and check the id."
    reason = "not_found"


class Conflict(RequestError):
    code, status = "E014", 409
    meaning = "The state it is in does not allow this"
    remedy = "Look at its present state; what is running can be ended, or waited for."


class RestoreConflict(Conflict):
    code, meaning = "E237", "A file is in the way of one that is to be restored; nothing was moved"
    remedy = "Move the files that the message names away, or restore with `--replace`."
    reason = "in_the_way"


class MalformedRequest(RequestError):
    code, status = "E015", 400
    meaning = "The request is not HTTP that can be read"
    remedy = "Keep the address and each header below 8 KiB, and speak HTTP/1.1 without TLS."


class ExpectationFailed(RequestError):
    code, status = "E017", 417
    meaning = "The server cannot do what the `Expect` header asks for"
    remedy = "Leave the `Expect` header out, or send `Expect: 100-continue`."


class RequestTooSlow(RequestError):
    code, status = "E016", 408
    meaning = "The body did not arrive in time"
    remedy = "Send it in one go, split it, or raise `server.read_timeout`."


class ContentChanged(RequestError):
    code, status = "E018", 412
    meaning = "The file is no longer the version that was asked for"
    remedy = "Request the file again, without the version or the part."
    reason = "content_changed"


class RangeNotSatisfiable(RequestError):
    code, status = "E019", 416
    meaning = "The part that was asked for begins after the end of the file"
    remedy = "Request a part within the size in `Content-Range`."


# --- our own processes ----------------------------------------------------------------------


class ServiceError(YTArchiveError):
    """One of YTArchive's own services failed; the request may have been fine."""

    retryable = True


class InternalError(ServiceError):
    code, status = "E020", 500
    meaning = "A fault of YTArchive itself"
    remedy = "The log has the traceback under the trace id; please report it."
    reason = "internal"


class ServiceUnavailable(ServiceError):
    code, status = "E021", 503
    meaning = "A service that is needed does not answer"
    remedy = "`ytarchive services` shows which; start it or correct its URL. Jobs wait for it."
    reason = "service_unavailable"


class ServiceTimeout(ServiceError):
    code, status = "E022", 504
    meaning = "A service did not answer in time"
    remedy = "Try again; if it stays so, look at `ytarchive logs --level warning`."
    reason = "service_timeout"


class ProtocolError(ServiceError):
    code, status = "E023", 502
    meaning = "What answered is not a YTArchive service of this version"
    remedy = "Check the service's URL, and run the same version everywhere."
    reason = "protocol"


# --- YouTube --------------------------------------------------------------------------------


class YouTubeError(YTArchiveError):
    """What YouTube, or yt-dlp on its way there, answered."""

    status = 502


class Blocked(YouTubeError):
    """YouTube holds this address back: nothing new may start, and no attempt is used up."""

    status, retryable = 503, True


class RateLimited(Blocked):
    code, meaning = "E101", "YouTube has rate-limited this address"
    remedy = "Nothing: the queue waits and goes on by itself. A slower pace avoids it."
    reason = "rate_limited"


class BotCheck(Blocked):
    code, meaning = "E102", "YouTube asks this address to prove that it is not a bot"
    remedy = "The queue waits. Cookies of a signed-in account or another address can help."
    reason = "bot_check"


class IpBlocked(Blocked):
    code, meaning = "E103", "YouTube blocks this address"
    remedy = "The queue waits. Use another address (`network.proxy`) if it lasts."
    reason = "ip_blocked"


class RequestsPaused(Blocked):
    code, meaning = "E104", "YouTube is not asked for now: the address is held back or out of pace"
    remedy = "Try again later; `ytarchive jobs` shows when. Jobs wait and go on by themselves."
    reason = "paused"


class Unavailable(YouTubeError):
    """This video cannot be had as things are; trying again at once would not help."""

    status = 404


class PrivateVideo(Unavailable):
    code, meaning = "E110", "The video is private"
    remedy = "Only its owner can share it; what is already stored stays."
    reason = "private"


class DeletedVideo(Unavailable):
    code, meaning = "E111", "The video was removed from YouTube"
    remedy = "None at YouTube; what is already stored stays."
    reason = "deleted"


class RegionBlocked(Unavailable):
    code, status, meaning = "E112", 451, "The video is blocked in this country"
    remedy = "Use a proxy in another country (`network.proxy`), then retry."
    reason = "region_blocked"


class AgeRestricted(Unavailable):
    code, status, meaning = "E113", 403, "The video needs a signed-in, adult account"
    remedy = "Give cookies of such an account (`network.cookies_file`), then retry."
    reason = "age_restricted"


class MembersOnly(Unavailable):
    code, status, meaning = "E114", 403, "The video is for members of the channel"
    remedy = "Give cookies of a member's account (`network.cookies_file`), then retry."
    reason = "members_only"


class PaymentRequired(Unavailable):
    code, status, meaning = "E115", 402, "The video must be paid for"
    remedy = "Give cookies of an account that has it (`network.cookies_file`), then retry."
    reason = "payment_required"


class DrmProtected(Unavailable):
    code, status, meaning = "E116", 403, "The video is protected against copying"
    remedy = "None."
    reason = "drm_protected"


class RecordingUnavailable(Unavailable):
    code, meaning = "E117", "The recording of this live stream is not available"
    remedy = "It may still be processed: retry in a day."
    reason = "recording_unavailable"


class VideoUnavailable(Unavailable):
    code, meaning = "E118", "YouTube says that the video is unavailable, and not why"
    remedy = "Retry in some days; it may be a passing state."
    reason = "unavailable"


class SourceGone(Unavailable):
    code, meaning = "E119", "The playlist or channel does not exist, or is private"
    remedy = "Check the address; what is already stored stays."
    reason = "source_gone"


class Postponed(YouTubeError):
    """Not yet: it will be there later, so waiting uses no attempt."""

    status, retryable = 409, True


class UpcomingVideo(Postponed):
    code, meaning = "E120", "The video is not out yet"
    remedy = "Nothing: it is tried again at its start time."
    reason = "upcoming"


class LiveVideo(Postponed):
    code, meaning = "E121", "The video is live, or its recording is being processed"
    remedy = "Nothing: it is tried again when the stream has ended."
    reason = "live"


class ExtractionError(YouTubeError):
    """yt-dlp could not make sense of what YouTube sent."""

    retryable = True


class ExtractorBroken(ExtractionError):
    code, meaning = "E130", "yt-dlp no longer understands YouTube's answers"
    remedy = "Update it: `pip install -U 'yt-dlp[default]'`. `ytarchive doctor` shows its age."
    reason = "extractor_broken"


class NoFormats(ExtractionError):
    code, meaning = "E131", "YouTube offered no format that can be downloaded"
    remedy = "`ytarchive doctor` checks the JavaScript runtime and the age of yt-dlp."
    reason = "no_formats"


class StaleUrl(ExtractionError):
    code, meaning = "E132", "The media address expired or the transfer was cut short"
    remedy = "Nothing: the video is extracted again and the transfer resumed."
    reason = "stale_url"


class CookiesInvalid(ExtractionError):
    code, meaning = "E133", "The cookies file cannot be used"
    remedy = "Export it again in Netscape format while signed in (`network.cookies_file`)."
    reason, retryable = "cookies_invalid", False


class WrongVideo(ExtractionError):
    code, meaning = "E134", "YouTube answered with another video, such as a trailer"
    remedy = "The video itself must probably be paid for."
    reason, retryable = "wrong_video", False


class UnknownFailure(ExtractionError):
    code, meaning = "E139", "yt-dlp failed in a way that is not known yet"
    remedy = "Look at the message; update yt-dlp; report it if it stays."
    reason = "unknown"


class DataApiError(YouTubeError):
    """The YouTube Data API refused."""


class ApiKeyInvalid(DataApiError):
    code, status, meaning = "E150", 502, "The Data API does not accept the key"
    remedy = "Correct `YOUTUBE_API_KEY`, or remove it to work without a key."
    reason = "api_key_invalid"


class ApiNotEnabled(DataApiError):
    code, meaning = "E151", "The key's project or restrictions do not allow the Data API"
    remedy = "Enable 'YouTube Data API v3' for the key's project and lift its restrictions."
    reason = "api_not_enabled"


class ApiRateLimited(DataApiError):
    code, status, meaning = "E152", 503, "The Data API asks for fewer requests at a time"
    remedy = "Nothing: it is tried again more slowly."
    reason, retryable = "api_rate_limited", True


class ApiFailure(DataApiError):
    code, meaning = "E153", "The Data API failed or answered what cannot be read"
    remedy = "Try again; the message says what it answered."
    reason, retryable = "api_failure", True


class NetworkFailure(YTArchiveError):
    code, status, meaning = "E140", 502, "YouTube could not be reached"
    remedy = "Check the connection, `network.proxy` and `network.ca_file`; it is tried again."
    reason, retryable = "network", True


class NetworkTimeout(NetworkFailure):
    code, status, meaning = "E141", 504, "YouTube sent nothing for too long"
    remedy = (
        "Check the connection; it is tried again and resumes. `download.stall_timeout` and"
        " `download.extract_timeout` set the patience."
    )


# --- this machine ---------------------------------------------------------------------------


class LocalError(YTArchiveError):
    """Something on this machine stands in the way."""

    status = 500


class StorageProblem(LocalError):
    """The archive's disk does not work at present: no video is at fault, and work waits for it."""

    status, retryable = 503, True


class DiskFull(StorageProblem):
    code, status, meaning = "E201", 507, "The disk is full"
    remedy = (
        "Free some space below `storage.base_path`; nothing is lost, and the work goes on then."
    )
    reason, retryable = "disk_full", True


class NotWritable(StorageProblem):
    code, status, meaning = "E202", 500, "A folder of the archive cannot be written"
    remedy = "Give this user the right to write there, or choose another `storage.base_path`."
    reason = "not_writable"


class FileFailure(LocalError):
    code, meaning = "E203", "A file could not be read or written"
    remedy = "Check the disk; the message names the file."
    reason, retryable = "file_failure", True


class StorageGone(StorageProblem):
    code, meaning = "E221", "The disk or share with the archive is not connected"
    remedy = "Connect or mount it again; work waits and resumes by itself."
    reason = "storage_gone"


class PermissionDenied(NotWritable):
    code, meaning = "E222", "The permissions of a file or folder do not allow this"
    remedy = "Give the user that runs ytarchive the right to read and write it; work waits."
    reason = "no_permission"


class StaleShare(StorageProblem):
    code, meaning = "E223", "The disk or network share does not answer as it should"
    remedy = (
        "Mount the share again (`umount`, `mount`); on a local disk look at the kernel's log "
        "(`dmesg`), for the disk may be failing. Work waits and resumes by itself."
    )
    reason = "stale_share"


class FileTooLarge(LocalError):
    code, status, meaning = "E224", 507, "The file system does not accept a file of this size"
    remedy = (
        "Use another file system for the archive (FAT32 ends at 4 GiB), lift the limit "
        "(`ulimit -f`), or choose a lower `--quality`, then retry."
    )
    reason = "file_too_large"


class CrossDevice(StorageProblem):
    code, meaning = "E225", "Two folders of the archive are on different file systems"
    remedy = (
        "Keep `videos/`, `metadata/` and `.ytarchive/staging/` on one file system: mount the "
        "whole archive, not a folder inside it. What was fetched stays in staging."
    )
    reason = "cross_device"


class LocksUnavailable(StorageProblem):
    code, meaning = "E226", "The file system does not provide file locks"
    remedy = (
        "Put the databases on a local disk (`storage.state_dir`), or mount the share with locks "
        "(NFS: without `nolock`, with a running lock service)."
    )
    reason = "no_locks"


class ReadOnlyStorage(NotWritable):
    code, meaning = "E227", "The file system is mounted read-only"
    remedy = (
        "Mount it writable (`mount -o remount,rw`). A disk that became read-only by itself may be "
        "failing: look at the kernel's log (`dmesg`)."
    )
    reason = "read_only"


class TooManyOpenFiles(StorageProblem):
    code, meaning = "E228", "The system allows no more open files"
    remedy = "Raise the limit (`ulimit -n`, `LimitNOFILE=` in a unit file); work waits."
    reason = "too_many_open_files"


class FileGone(LocalError):
    code, status, meaning = "E229", 500, "A file or folder that is needed is gone"
    remedy = "The message names it. Put it back, or let `ytarchive verify --repair` fetch it again."
    reason, retryable = "file_gone", True


class ToolMissing(LocalError):
    code, meaning = "E204", "A program that is needed was not found"
    remedy = "Install it, or reinstall ytarchive, which brings it along; see `ytarchive doctor`."
    reason = "tool_missing"


class ToolFailed(LocalError):
    code, meaning = "E205", "ffmpeg could not process the download"
    remedy = "It is tried again; the message has ffmpeg's last words."
    reason, retryable = "tool_failed", True


class StateLocked(LocalError):
    code, status, meaning = "E206", 409, "Another ytarchive process owns this archive"
    remedy = "Use that one (`--server URL`), stop it first, or add `--wait` to wait for its end."
    reason = "state_locked"


class DatabaseCorrupt(LocalError):
    code, meaning = "E207", "A database file is damaged"
    remedy = "The archive's own files are untouched; the message says how to get the database back."
    reason = "database_corrupt"


class DatabaseUnsupported(LocalError):
    code, meaning = "E208", "The database cannot be used where it is"
    remedy = (
        "Update ytarchive if a newer one made it; start `ytarchive serve` once if an older one did;"
        " else use a local disk (`storage.state_dir`)."
    )
    reason = "database_unsupported"


class DownloadTimeout(LocalError):
    code, status, meaning = "E209", 504, "The worker made no progress for too long and was stopped"
    remedy = (
        "Nothing: it is tried again and resumes. `download.stall_timeout` and"
        " `download.extract_timeout` set the patience."
    )
    reason, retryable = "timeout", True


class WorkerCrashed(LocalError):
    code, meaning = "E210", "A worker process ended unexpectedly"
    remedy = "Nothing: it is replaced and its video tried again."
    reason, retryable = "worker_crashed", True


class Cancelled(LocalError):
    code, status, meaning = "E211", 409, "It was cancelled"
    remedy = "Retry it when it is wanted again."
    reason = "cancelled"


class InvalidConfiguration(LocalError):
    code, meaning = "E212", "A setting cannot be used"
    remedy = "Correct the setting that the message names; `ytarchive config show` lists all."
    reason = "invalid_configuration"


class IntegrityFailure(LocalError):
    code, meaning = "E213", "A file is not what it was, or not what it should be"
    remedy = "It is fetched again; damaged files are set aside, never deleted."
    reason, retryable = "integrity", True


class AddressInUse(LocalError):
    code, meaning = "E214", "The server cannot listen on its address"
    remedy = "Stop what listens there, or choose another `server.port`."
    reason = "address_in_use"


class BackupDamaged(IntegrityFailure):
    code, meaning = "E215", "A backup is not what it was, and was not put in place"
    remedy = "Choose another backup, such as an earlier one."
    reason, retryable = "backup_damaged", False


class ArchiveMissing(StorageProblem):
    code, status, meaning = "E216", 503, "The archive is not where it was"
    remedy = (
        "Mount its disk or correct `storage.base_path`; only if the archive is lost, begin a new"
        " one with `ytarchive init --new`."
    )
    reason, retryable = "archive_missing", True


class WrongArchive(LocalError):
    code, status, meaning = "E217", 409, "The folder holds another archive than the recorded one"
    remedy = (
        "Mount the right disk or correct `storage.base_path`; if the other archive is the one you"
        " mean, run `ytarchive init --moved`."
    )
    reason = "wrong_archive"


class NotAnArchive(LocalError):
    code, status, meaning = "E218", 409, "The folder is not an archive"
    remedy = "Correct `storage.base_path`, mount its disk, or create the archive: `ytarchive init`."
    reason = "not_an_archive"


class CaseConflict(LocalError):
    code, status, meaning = "E219", 409, "The file system does not tell upper from lower case"
    remedy = (
        "Move the archive to a file system that does, such as ext4, XFS, Btrfs, or APFS"
        " (case-sensitive); then retry."
    )
    reason = "case_conflict"


class StreamTooLong(IntegrityFailure):
    code, status = "E234", 502
    meaning = "A stream is longer than YouTube announced, or filled the disk without a size"
    remedy = "It is tried again later; `ytarchive jobs retry` does so at once."
    reason = "stream_too_long"


def error_classes() -> Iterator[type[YTArchiveError]]:
    """Yield every class that has a code, in the order of the codes."""
    pending = [YTArchiveError]
    found: list[type[YTArchiveError]] = []
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        if kind.code:
            found.append(kind)
    yield from sorted(found, key=lambda kind: kind.code)


def error_from(detail: ErrorDetail) -> YTArchiveError:
    """Return the exception of an envelope's error; an unknown code becomes ProtocolError."""
    error = error_for_code(detail.code, ProtocolError)(detail.message)
    # Not as keywords: a detail may be called `message`.
    error.details = dict(detail.details or {})
    if error.details.get("remedy") == error.remedy:  # every answer over HTTP has it
        del error.details["remedy"]
    return error


def error_for_code(
    code: str, otherwise: type[YTArchiveError] = UnknownFailure
) -> type[YTArchiveError]:
    """Return the class that owns a code; `otherwise` for a code of another version."""
    return next((kind for kind in error_classes() if kind.code == code), otherwise)


def error_for_reason(reason: str) -> type[YTArchiveError]:
    """Return the class whose failures have this reason; `UnknownFailure` if there is none."""
    return next((kind for kind in error_classes() if kind.reason == reason), UnknownFailure)
