"""All errors of YTArchive, as one class tree.

YTArchiveError
├── QuotaExceeded                    E001
├── RequestError                     the caller can correct it
│   ├── InvalidRequest … NotFound, Conflict        E002 - E019
├── ServiceError                     one of YTArchive's processes failed
│   ├── InternalError … ProtocolError              E020 - E023
├── YouTubeError                     reported by YouTube or yt-dlp
│   ├── Blocked                      requests are paused: RateLimited, BotCheck, …
│   ├── Unavailable                  the video or list is unavailable: private, deleted, …
│   ├── Postponed                    available later: UpcomingVideo, LiveVideo
│   ├── ExtractionError              yt-dlp cannot read the answer: ExtractorBroken, NoFormats, …
│   └── DataApiError                 the Data API refused: key, configuration, rate
├── NetworkFailure                   E140, E141
└── LocalError                       on this machine: disk, tools, files, state

A class declares its code, HTTP status, meaning and remedy; `docs/errors.md`, the OpenAPI document
and the HTTP answers are derived from it. Errors are sent between processes as codes.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from ytarchive.common.models import ErrorDetail


class YTArchiveError(Exception):
    """Base of all errors. `message` is for people, `details` for programs."""

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


# --- the caller can correct it -----------------------------------------------------------------


class RequestError(YTArchiveError):
    """The request cannot be carried out."""

    status = 400


class InvalidRequest(RequestError):
    code, status = "E002", 422
    meaning = "A field is missing, unknown or out of range"
    remedy = "Correct the fields named in `details.fields`; `/api/v1/openapi.json` has the schema."
    reason = "invalid_request"


class MalformedBody(RequestError):
    code, status = "E003", 400
    meaning = "The body is not valid JSON"
    remedy = "Send one JSON object in UTF-8, at most 64 levels deep."


class InvalidIdentifier(RequestError):
    code, status = "E004", 422
    meaning = "Not a YouTube id or address"
    remedy = "Give an 11-character video id, a playlist id, a channel, or a youtube.com address."
    reason = "invalid_identifier"


class PathOutsideArchive(RequestError):
    code, status = "E005", 422
    meaning = "The path is outside the archive"
    remedy = "Give a path below `storage.base_path`, without links that lead out of it."
    reason = "invalid_path"


class UnknownPath(RequestError):
    code, status = "E006", 404
    meaning = "No endpoint has this path"
    remedy = "`/api/v1/openapi.json` lists every endpoint."


class MethodNotAllowed(RequestError):
    code, status = "E007", 405
    meaning = "The endpoint does not support this method"
    remedy = "Use one of the methods in the `Allow` header."


class BodyTooLarge(RequestError):
    code, status = "E008", 413
    meaning = "The body is larger than the server accepts"
    remedy = "Split the request, or raise `server.max_body_bytes`."


class UnsupportedMediaType(RequestError):
    code, status = "E009", 415
    meaning = "The body is not declared as JSON"
    remedy = "Send `Content-Type: application/json` (`curl --json` does)."


class ForbiddenOrigin(RequestError):
    code, status = "E010", 403
    meaning = "The request comes from a web page of another origin"
    remedy = "Call the API from a program, not from a web page of another origin."


class ForbiddenHost(RequestError):
    code, status = "E011", 421
    meaning = "The Host header names another server"
    remedy = "Use the address the server was started on, or add the name to `server.allowed_hosts`."


class TokenRequired(RequestError):
    code, status = "E012", 401
    meaning = "The access token is missing or wrong"
    remedy = "Send `Authorization: Bearer …` with the value of `server.token`."


class FolderNotAllowed(RequestError):
    code, status = "E024", 403
    meaning = "The server may not use this folder of its machine"
    remedy = "Add the folder to `storage.allowed_roots` in the server's settings, and restart it."


class NotAdoptable(RequestError):
    code, status = "E025", 422
    meaning = "Videos cannot be adopted from this folder"
    remedy = "Name a folder with downloads of another program, outside archives and views."


class NotFound(RequestError):
    code, status = "E013", 404
    meaning = "No object has this id"
    remedy = "Check the id; the list commands show all ids."
    reason = "not_found"


class FolderNotFound(NotFound):
    code, meaning = "E026", "There is no folder of this path"
    remedy = "Check the path; the folder must be on the machine that has the archive."


class Conflict(RequestError):
    code, status = "E014", 409
    meaning = "The current state does not allow this"
    remedy = "Check the current state; wait for running work, or cancel it."


class RestoreConflict(Conflict):
    code, meaning = "E237", "A file exists at the place of a file to restore; nothing was moved"
    remedy = "Move the named files away, or restore with `--replace`."
    reason = "in_the_way"


class VideoRemoved(Conflict):
    code, meaning = "E239", "The video was removed from the archive, and nothing was stored"
    remedy = "Name the video to fetch it: `ytarchive download VIDEO`."
    reason = "removed"


class ViewConflict(Conflict):
    code, meaning = "E240", "Another view, or files, are in the place of the view"
    remedy = "Choose another name or an empty folder; `ytarchive views` lists the views."


class NotCached(Conflict):
    code, meaning = "E241", "A command that only reads needs an answer of YouTube"
    remedy = (
        "Name a channel by its id or title; `ytarchive storage list` shows both. For other answers,"
        " repeat the command when no other one uses the archive."
    )
    reason = "not_cached"


class MalformedRequest(RequestError):
    code, status = "E015", 400
    meaning = "The request is not valid HTTP"
    remedy = "Keep the URL and each header below 8 KiB, and use HTTP/1.1 without TLS."


class ExpectationFailed(RequestError):
    code, status = "E017", 417
    meaning = "The server does not support the value of the `Expect` header"
    remedy = "Omit the `Expect` header, or send `Expect: 100-continue`."


class RequestTooSlow(RequestError):
    code, status = "E016", 408
    meaning = "The body did not arrive in time"
    remedy = "Send the body faster, split the request, or raise `server.read_timeout`."


class ContentChanged(RequestError):
    code, status = "E018", 412
    meaning = "The file is no longer the requested version"
    remedy = "Request the file again, without `If-Match` and `Range`."
    reason = "content_changed"


class RangeNotSatisfiable(RequestError):
    code, status = "E019", 416
    meaning = "The requested part begins after the end of the file"
    remedy = "Request a part within the size in `Content-Range`."


# --- our own processes ----------------------------------------------------------------------


class ServiceError(YTArchiveError):
    """A service of YTArchive failed; the request may be valid."""

    retryable = True


class InternalError(ServiceError):
    code, status = "E020", 500
    meaning = "Internal error of YTArchive"
    remedy = "The log has the traceback under the trace id; please report it."
    reason = "internal"


class ServiceUnavailable(ServiceError):
    code, status = "E021", 503
    meaning = "A required service does not answer"
    remedy = "Start the service, or correct its URL; see `ytarchive services`. Jobs wait for it."
    reason = "service_unavailable"


class ServiceTimeout(ServiceError):
    code, status = "E022", 504
    meaning = "A service did not answer in time"
    remedy = "Try again; if it fails again, see `ytarchive logs --level warning`."
    reason = "service_timeout"


class ProtocolError(ServiceError):
    code, status = "E023", 502
    meaning = "The answer is not from a YTArchive service of this version"
    remedy = "Check the service's URL, and run the same version everywhere."
    reason = "protocol"


# --- YouTube --------------------------------------------------------------------------------


class YouTubeError(YTArchiveError):
    """YouTube or yt-dlp reported an error."""

    status = 502


class Blocked(YouTubeError):
    """YouTube limits this IP address: no video starts, and no attempt is counted."""

    status, retryable = 503, True


class RateLimited(Blocked):
    code, meaning = "E101", "YouTube has rate-limited this IP address"
    remedy = "None needed: the queue waits and resumes. A slower pace avoids the limit."
    reason = "rate_limited"


class BotCheck(Blocked):
    code, meaning = "E102", "YouTube requires proof that the client is not a bot"
    remedy = "The queue waits. Cookies of a signed-in account or another IP address can help."
    reason = "bot_check"


class IpBlocked(Blocked):
    code, meaning = "E103", "YouTube blocks this IP address"
    remedy = "The queue waits. If the block continues, use another IP address (`network.proxy`)."
    reason = "ip_blocked"


class RequestsPaused(Blocked):
    code, meaning = (
        "E104",
        "No request is sent to YouTube at present: requests are paused or limited",
    )
    remedy = "Try again later; `ytarchive jobs` shows when. Jobs wait and resume."
    reason = "paused"


class Unavailable(YouTubeError):
    """The video is unavailable; an immediate retry would not help."""

    status = 404


class PrivateVideo(Unavailable):
    code, meaning = "E110", "The video is private"
    remedy = "None: only the owner can publish the video. Stored files are kept."
    reason = "private"


class DeletedVideo(Unavailable):
    code, meaning = "E111", "The video was removed from YouTube"
    remedy = "None; stored files are kept."
    reason = "deleted"


class RegionBlocked(Unavailable):
    code, status, meaning = "E112", 451, "The video is blocked in this country"
    remedy = "Use a proxy in another country (`network.proxy`), then retry."
    reason = "region_blocked"


class AgeRestricted(Unavailable):
    code, status, meaning = "E113", 403, "The video needs a signed-in, adult account"
    remedy = "Set `network.cookies_file` to cookies of such an account, then retry."
    reason = "age_restricted"


class MembersOnly(Unavailable):
    code, status, meaning = "E114", 403, "The video is for members of the channel"
    remedy = "Set `network.cookies_file` to cookies of a member's account, then retry."
    reason = "members_only"


class PaymentRequired(Unavailable):
    code, status, meaning = "E115", 402, "The video must be paid for"
    remedy = "Set `network.cookies_file` to cookies of an account that has paid for it, then retry."
    reason = "payment_required"


class DrmProtected(Unavailable):
    code, status, meaning = "E116", 403, "The video is protected by DRM"
    remedy = "None."
    reason = "drm_protected"


class RecordingUnavailable(Unavailable):
    code, meaning = "E117", "The recording of this live stream is not available"
    remedy = "YouTube may still be processing the recording: retry in a day."
    reason = "recording_unavailable"


class VideoUnavailable(Unavailable):
    code, meaning = "E118", "YouTube reports the video as unavailable without a reason"
    remedy = "Retry in some days; the state may be temporary."
    reason = "unavailable"


class SourceGone(Unavailable):
    code, meaning = "E119", "The playlist or channel does not exist, or is private"
    remedy = "Check the URL; stored files are kept."
    reason = "source_gone"


class Postponed(YouTubeError):
    """The video becomes available later; waiting uses no attempt."""

    status, retryable = 409, True


class UpcomingVideo(Postponed):
    code, meaning = "E120", "The video is not published yet"
    remedy = "None needed: the video is requested again at its start time."
    reason = "upcoming"


class LiveVideo(Postponed):
    code, meaning = "E121", "The video is live, or its recording is being processed"
    remedy = "None needed: the video is requested again after the stream."
    reason = "live"


class ExtractionError(YouTubeError):
    """yt-dlp could not use YouTube's answer."""

    retryable = True


class ExtractorBroken(ExtractionError):
    code, meaning = "E130", "yt-dlp no longer supports YouTube's answers"
    remedy = "Update yt-dlp: `ytarchive upgrade-ytdlp`. `ytarchive doctor` shows its age."
    reason = "extractor_broken"


class NoFormats(ExtractionError):
    code, meaning = "E131", "YouTube offered no downloadable format"
    remedy = "`ytarchive doctor` checks the JavaScript runtime and the age of yt-dlp."
    reason = "no_formats"


class StaleUrl(ExtractionError):
    code, meaning = "E132", "The media URL expired or the transfer was interrupted"
    remedy = "None needed: the video is extracted again and the transfer resumes."
    reason = "stale_url"


class MediaRefused(StaleUrl):
    code, meaning = "E135", "YouTube refuses the media of a video that it describes (HTTP 403)"
    remedy = "If this concerns all videos, update yt-dlp: `ytarchive upgrade-ytdlp`."
    reason = "media_refused"


class CookiesInvalid(ExtractionError):
    code, meaning = "E133", "The cookies file cannot be used"
    remedy = "Export the cookies again in Netscape format while signed in (`network.cookies_file`)."
    reason, retryable = "cookies_invalid", False


class WrongVideo(ExtractionError):
    code, meaning = "E134", "YouTube returned another video, such as a trailer"
    remedy = "The requested video probably requires payment."
    reason, retryable = "wrong_video", False


class UnknownFailure(ExtractionError):
    code, meaning = "E139", "yt-dlp failed with an unknown error"
    remedy = "Read the message; update yt-dlp; report the error if it remains."
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
    code, status, meaning = "E152", 503, "The Data API reports too many requests"
    remedy = "None needed: the request is repeated at a lower rate."
    reason, retryable = "api_rate_limited", True


class ApiFailure(DataApiError):
    code, meaning = "E153", "The Data API failed or sent an invalid answer"
    remedy = "Try again; the message contains the answer."
    reason, retryable = "api_failure", True


class ApiAnswerIncomplete(ApiFailure):
    code, meaning = "E154", "The Data API's answer for a video lacks a field that every video has"
    remedy = "None needed: yt-dlp is used instead."


class NetworkFailure(YTArchiveError):
    code, status, meaning = "E140", 502, "YouTube could not be reached"
    remedy = "Check the connection, `network.proxy` and `network.ca_file`. Jobs retry."
    reason, retryable = "network", True


class NetworkTimeout(NetworkFailure):
    code, status, meaning = "E141", 504, "YouTube sent no data for too long"
    remedy = (
        "Check the connection. Jobs retry, and resume transfers. "
        "`download.stall_timeout` and `download.extract_timeout` set the time limits."
    )


# --- this machine ---------------------------------------------------------------------------


class LocalError(YTArchiveError):
    """An error on this machine."""

    status = 500


class StorageProblem(LocalError):
    """The archive's disk does not work at present. Work waits; no video's attempt is counted."""

    status, retryable = 503, True


class DiskFull(StorageProblem):
    code, status, meaning = "E201", 507, "The disk is full"
    remedy = "Free some space below `storage.base_path`; work resumes and nothing is lost."
    reason, retryable = "disk_full", True


class NotWritable(StorageProblem):
    code, status, meaning = "E202", 500, "A folder of the archive cannot be written"
    remedy = "Allow this user to write to the folder, or choose another `storage.base_path`."
    reason = "not_writable"


class FileFailure(LocalError):
    code, meaning = "E203", "A file could not be read or written"
    remedy = "Check the disk; the message names the file."
    reason, retryable = "file_failure", True


class StorageGone(StorageProblem):
    code, meaning = "E221", "The disk or share with the archive is not connected"
    remedy = "Connect or mount the disk or share again; work waits and resumes."
    reason = "storage_gone"


class PermissionDenied(NotWritable):
    code, meaning = "E222", "Permission denied for a file or folder"
    remedy = "Allow the user that runs ytarchive to read and write the file or folder; work waits."
    reason = "no_permission"


class StaleShare(StorageProblem):
    code, meaning = "E223", "The disk or network share reports an error"
    remedy = (
        "Mount the share again (`umount`, `mount`); on a local disk check the "
        "kernel's log (`dmesg`), because the disk may be failing. Work waits and "
        "resumes automatically."
    )
    reason = "stale_share"


class FileTooLarge(LocalError):
    code, status, meaning = "E224", 507, "The file system does not accept a file of this size"
    remedy = (
        "Use another file system for the archive (FAT32 ends at 4 GiB), raise the "
        "limit (`ulimit -f`), or choose a lower `--quality`, then retry."
    )
    reason = "file_too_large"


class CrossDevice(StorageProblem):
    code, meaning = "E225", "Two folders of the archive are on different file systems"
    remedy = (
        "Keep `videos/`, `metadata/` and `.ytarchive/staging/` on one file system: "
        "mount the whole archive, not a folder inside it. Fetched files stay in "
        "staging."
    )
    reason = "cross_device"


class NoLinkPossible(LocalError):
    code, status, meaning = "E231", 507, "A view cannot link to the archive's files"
    remedy = (
        "Put the view into the archive's folder or on a file system with symbolic links, or allow "
        "copies, which need as much space as the archive (`ytarchive views add --copy`)."
    )
    reason = "no_link_possible"


class CannotLink(StorageProblem):
    code, status, meaning = "E238", 409, "A file cannot be linked into the archive"
    remedy = "Adopt the folder with `--copy` or `--move`; nothing in it was changed."
    reason, retryable = "cannot_link", False


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
        "Mount it writable (`mount -o remount,rw`). A disk that the system made "
        "read-only may be failing: check the kernel's log (`dmesg`)."
    )
    reason = "read_only"


class TooManyOpenFiles(StorageProblem):
    code, meaning = "E228", "The system allows no more open files"
    remedy = "Raise the limit (`ulimit -n`, `LimitNOFILE=` in a unit file); work waits."
    reason = "too_many_open_files"


class FileGone(LocalError):
    code, status, meaning = "E229", 500, "A required file or folder is missing"
    remedy = "Restore the named file, or run `ytarchive verify --repair` to fetch it again."
    reason, retryable = "file_gone", True


class ToolMissing(LocalError):
    code, meaning = "E204", "A required program was not found"
    remedy = "Reinstall ytarchive, which includes the program; see `ytarchive doctor`."
    reason = "tool_missing"


class ToolFailed(LocalError):
    code, meaning = "E205", "ffmpeg could not process the download"
    remedy = "Jobs retry the video; the message contains the end of ffmpeg's output."
    reason, retryable = "tool_failed", True


class UpgradeFailed(LocalError):
    code, meaning = "E220", "yt-dlp was not updated"
    remedy = "Nothing has changed. The message contains the reason of pip or of the new version."
    reason = "upgrade_failed"


class StateLocked(LocalError):
    code, status, meaning = "E206", 409, "Another ytarchive process uses this archive"
    remedy = "Wait for its end with `--wait`, or stop it. To use a server, add `--server URL`."
    reason = "state_locked"


class DatabaseCorrupt(LocalError):
    code, meaning = "E207", "A database file is damaged"
    remedy = (
        "The archive's files are not affected; the message explains how to restore the database."
    )
    reason = "database_corrupt"


class DatabaseUnsupported(LocalError):
    code, meaning = "E208", "The database cannot be used"
    remedy = (
        "If a newer version created it, update ytarchive. If an older version created it, start "
        "`ytarchive serve` once. Otherwise use a local disk (`storage.state_dir`)."
    )
    reason = "database_unsupported"


class DownloadTimeout(LocalError):
    code, status, meaning = "E209", 504, "The worker was stopped because it made no progress"
    remedy = (
        "None needed: jobs retry, and resume transfers. `download.stall_timeout` and "
        "`download.extract_timeout` set the time limits."
    )
    reason, retryable = "timeout", True


class WorkerCrashed(LocalError):
    code, meaning = "E210", "A worker process ended unexpectedly"
    remedy = "None needed: a new worker is started, and jobs retry the video."
    reason, retryable = "worker_crashed", True


class Cancelled(LocalError):
    code, status, meaning = "E211", 409, "The work was cancelled"
    remedy = "Retry the job or video if you need it."
    reason = "cancelled"


class InvalidConfiguration(LocalError):
    code, meaning = "E212", "A setting is invalid"
    remedy = "Correct the named setting; `ytarchive config show` lists all settings."
    reason = "invalid_configuration"


class IntegrityFailure(LocalError):
    code, meaning = "E213", "Checksum or format mismatch"
    remedy = "The file is fetched again; damaged files are moved to the quarantine, never deleted."
    reason, retryable = "integrity", True


class AddressInUse(LocalError):
    code, meaning = "E214", "The server cannot listen on its address"
    remedy = "Stop the program that listens there, or choose another `server.port`."
    reason = "address_in_use"


class BackupDamaged(IntegrityFailure):
    code, meaning = "E215", "A backup is damaged and was not restored"
    remedy = "Choose another backup."
    reason, retryable = "backup_damaged", False


class ArchiveMissing(StorageProblem):
    code, status, meaning = "E216", 503, "The archive is not at its recorded path"
    remedy = (
        "Mount its disk or correct `storage.base_path`; only if the archive is lost, "
        "create a new one with `ytarchive init --new`."
    )
    reason, retryable = "archive_missing", True


class WrongArchive(LocalError):
    code, status, meaning = "E217", 409, "The folder holds another archive than the recorded one"
    remedy = (
        "Mount the right disk or correct `storage.base_path`; to use the other"
        " archive, run `ytarchive init --moved`."
    )
    reason = "wrong_archive"


class NotAnArchive(LocalError):
    code, status, meaning = "E218", 409, "The folder is not an archive"
    remedy = "Correct `storage.base_path`, mount its disk, or create the archive: `ytarchive init`."
    reason = "not_an_archive"


class CaseConflict(LocalError):
    code, status, meaning = "E219", 409, "The file system ignores case"
    remedy = (
        "Move the archive to a case-sensitive file system, such as ext4, XFS or Btrfs; then retry."
    )
    reason = "case_conflict"


class StreamTooLong(IntegrityFailure):
    code, status = "E234", 502
    meaning = "A stream is longer than announced, or has no size and filled the disk"
    remedy = "Jobs retry it later, or at once after `ytarchive jobs retry`."
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
    # Not passed as keywords: a detail may have the name `message`.
    error.details = dict(detail.details or {})
    if error.details.get("remedy") == error.remedy:  # sent in every HTTP answer
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
