"""Every row of the table, with the texts that YouTube and yt-dlp really use."""

import errno
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from yt_dlp.networking import Response
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils import ContentTooShortError, DownloadError, ExtractorError, GeoRestrictedError

from ytarchive.common import errors
from ytarchive.common.models import utc_now
from ytarchive.ytdlp.worker.classifier import TABLE, classify, starts_in
from ytarchive.ytdlp.worker.messages import clean, normalise

COOKIES = (
    " Use --cookies-from-browser or --cookies for the authentication. See  https://github.com/"
    "yt-dlp/yt-dlp/wiki/FAQ#how-do-i-pass-cookies-to-yt-dlp  for how to manually pass cookies."
)

SAID = [
    # rate limit, bot check, block: the whole address waits
    (
        "Video unavailable. This content isn\u2019t available, try again later.",
        errors.RateLimited,
    ),
    ("Video unavailable. This content isn't available, try again later.", errors.RateLimited),
    (
        (
            "Video unavailable. This content isn't available, try again later. The current "
            "session has been rate-limited by YouTube for up to an hour. It is recommended to"
        ),
        errors.RateLimited,
    ),
    ("Unable to download webpage: HTTP Error 429: Too Many Requests", errors.RateLimited),
    ("Sign in to confirm you\u2019re not a bot." + COOKIES, errors.BotCheck),
    ("Sign in to confirm you're not a bot." + COOKIES, errors.BotCheck),
    (
        "Video unavailable. YouTube is requiring a captcha challenge before playback",
        errors.BotCheck,
    ),
    (
        "All player responses are invalid. Your IP is likely being blocked by Youtube",
        errors.IpBlocked,
    ),
    # later
    ("Premieres in 3 hours", errors.UpcomingVideo),
    ("Premiere will begin shortly", errors.UpcomingVideo),
    ("This live event will begin in a few moments.", errors.UpcomingVideo),
    ("Stand-in Channel is offline.", errors.LiveVideo),
    ("We\u2019re processing this video. Check back later.", errors.LiveVideo),
    # somebody else may see it
    (
        "Sign in to confirm your age. This video may be inappropriate for some users." + COOKIES,
        errors.AgeRestricted,
    ),
    ("This video is age-restricted and only available on YouTube", errors.AgeRestricted),
    (
        (
            "Join this channel to get access to members-only content like this video, and other "
            "exclusive perks."
        ),
        errors.MembersOnly,
    ),
    (
        "This video is available to this channel's members on level: Gold (or any higher level).",
        errors.MembersOnly,
    ),
    ("This video is only available to Music Premium members", errors.PaymentRequired),
    ("This video requires payment to watch.", errors.PaymentRequired),
    (
        "Private video. Sign in if you've been granted access to this video." + COOKIES,
        errors.PrivateVideo,
    ),
    ("This video is private.", errors.PrivateVideo),
    (
        (
            "Video unavailable. This video contains content from SME, who has blocked it in your "
            "country on copyright grounds"
        ),
        errors.RegionBlocked,
    ),
    ("This video is not available in your country.", errors.RegionBlocked),
    # gone
    ("Video unavailable. This video has been removed by the uploader", errors.DeletedVideo),
    (
        "This video has been removed for violating YouTube's Community Guidelines",
        errors.DeletedVideo,
    ),
    (
        (
            "Video unavailable. This video is no longer available because the YouTube account "
            "associated with this video has been terminated."
        ),
        errors.DeletedVideo,
    ),
    (
        "This video is no longer available because the uploader has closed their YouTube account.",
        errors.DeletedVideo,
    ),
    (
        "This video is no longer available due to a copyright claim by Stand-in Records.",
        errors.DeletedVideo,
    ),
    ("This live stream recording is not available.", errors.RecordingUnavailable),
    ("This video is DRM protected", errors.DrmProtected),
    # yt-dlp and YouTube disagree
    ("The following content is not available on this app.", errors.ExtractorBroken),
    ("The page needs to be reloaded.", errors.ExtractorBroken),
    (
        "YouTube is no longer supported in this application or device.",
        errors.ExtractorBroken,
    ),
    # the error screen of 2026: its title and description, where the status has no reason
    (". This video has been removed by the uploader", errors.DeletedVideo),
    (
        (
            "The following content may contain suicide or self-harm topics. "
            "Viewer discretion is advised."
        ),
        errors.AgeRestricted,
    ),
    ("Video unavailable. This video isn't available anymore", errors.VideoUnavailable),
    ("This video is no longer available", errors.VideoUnavailable),
    (
        (
            "Video unavailable. This content isn't available, try again later. Your account has "
            "been rate-limited by YouTube for up to an hour."
        ),
        errors.RateLimited,
    ),
    (
        "Failed to extract any player response; please report this issue on  https://github.com/x",
        errors.ExtractorBroken,
    ),
    ("No video formats found!", errors.NoFormats),
    (
        "Requested format is not available. Use --list-formats for a list of available formats",
        errors.NoFormats,
    ),
    # the transfer
    ("unable to download video data: HTTP Error 403: Forbidden", errors.StaleUrl),
    ("fragment 3 not found, unable to continue", errors.StaleUrl),
    ("Did not get any data blocks", errors.StaleUrl),
    ("content too short (expected 100 bytes and served 10)", errors.StaleUrl),
    ("The downloaded file is empty", errors.StaleUrl),
    ("Unable to download webpage: The read operation timed out", errors.NetworkFailure),
    ("Unable to download webpage: Failed to resolve 'www.youtube.com'", errors.NetworkFailure),
    ("Unable to download API page: HTTP Error 503: Service Unavailable", errors.NetworkFailure),
    ("Incomplete yt initial data received", errors.NetworkFailure),
    (
        "[youtube] x: Failed to parse JSON (caused by JSONDecodeError('Expecting value'))",
        errors.NetworkFailure,
    ),
    # this machine and its settings
    (
        "'/tmp/c.txt' does not look like a Netscape format cookies file",
        errors.CookiesInvalid,
    ),
    ("The provided YouTube account cookies are no longer valid.", errors.CookiesInvalid),
    ("unable to write data: [Errno 28] No space left on device", errors.DiskFull),
    ("unable to open for writing: [Errno 30] Read-only file system", errors.ReadOnlyStorage),
    ("unable to open for writing: [Errno 13] Permission denied", errors.PermissionDenied),
    ("unable to write data: [Errno 27] File too large", errors.FileTooLarge),
    ("unable to write data: [Errno 116] Stale file handle", errors.StaleShare),
    ("unable to write data: [Errno 5] Input/output error", errors.StaleShare),
    ("unable to write data: [Errno 107] Transport endpoint is not connected", errors.StorageGone),
    ("unable to rename file: [Errno 18] Invalid cross-device link", errors.CrossDevice),
    ("unable to open for writing: [Errno 37] No locks available", errors.LocksUnavailable),
    ("unable to open for writing: [Errno 24] Too many open files", errors.TooManyOpenFiles),
    ("unable to rename file: [Errno 2] No such file or directory", errors.FileGone),
    ("unable to open for writing: [Errno 36] File name too long", errors.FileFailure),
    (
        "You have requested merging of multiple formats but ffmpeg is not installed. Aborting",
        errors.ToolMissing,
    ),
    ("Postprocessing: Conversion failed!", errors.ToolFailed),
    # sources
    ("YouTube said: The playlist does not exist.", errors.SourceGone),
    ("This channel does not exist.", errors.SourceGone),
    ("This channel does not have a videos tab", errors.SourceGone),
    (
        "The channel/playlist does not exist and the URL redirected to youtube.com home page",
        errors.SourceGone,
    ),
    ("Incomplete YouTube ID abc. URL x looks truncated.", errors.InvalidIdentifier),
    ("No suitable extractor found for URL file:///etc/passwd", errors.InvalidIdentifier),
    # and what says next to nothing
    ("Video unavailable", errors.VideoUnavailable),
    ("This video is unavailable", errors.VideoUnavailable),
    ("This video is not available", errors.VideoUnavailable),
    ("Something that nobody has seen before", errors.UnknownFailure),
]


def as_yt_dlp_raises(text: str, cause: BaseException | None = None) -> DownloadError:
    """A DownloadError as YoutubeDL.extract_info makes it, label and exc_info included."""
    inner = cause or ExtractorError(text, expected=True, video_id="dQw4w9WgXcQ", ie="youtube")
    message = f"ERROR: {text if cause else inner}"
    return DownloadError(message, (type(inner), inner, None))


def answer(status: int, **headers: str) -> HTTPError:
    return HTTPError(Response(io.BytesIO(), "https://www.youtube.com/", headers, status))


@pytest.mark.parametrize(("text", "expected"), SAID, ids=[text[:60] for text, _ in SAID])
def test_a_text_has_one_meaning(text: str, expected: type[errors.YTArchiveError]) -> None:
    found = classify(as_yt_dlp_raises(text))
    assert type(found) is expected
    assert found.message
    assert "--cookies" not in found.message
    assert "ERROR" not in found.message
    assert "dQw4w9WgXcQ" not in found.message


def test_every_row_is_reached() -> None:
    assert {row.error for row in TABLE} == {expected for _, expected in SAID}


CAUSES: list[tuple[BaseException, type[errors.YTArchiveError]]] = [
    (answer(429), errors.RateLimited),
    (answer(503), errors.NetworkFailure),
    (TransportError("connection dropped"), errors.NetworkFailure),
    (GeoRestrictedError("Not here", countries=["IS"]), errors.RegionBlocked),
    (OSError(errno.ENOSPC, "No space left on device"), errors.DiskFull),
    (OSError(errno.EDQUOT, "Quota"), errors.DiskFull),
    (PermissionError(errno.EACCES, "Permission denied"), errors.PermissionDenied),
    (OSError(errno.ESTALE, "Stale"), errors.StaleShare),
    (OSError(errno.EFBIG, "Large"), errors.FileTooLarge),
    (TransportError("[Errno 1] Operation not permitted"), errors.NetworkFailure),
    (ContentTooShortError(10, 100), errors.StaleUrl),
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), errors.NetworkFailure),
]


@pytest.mark.parametrize(("cause", "expected"), CAUSES)
def test_the_cause_decides_if_the_text_is_vague(
    cause: BaseException, expected: type[errors.YTArchiveError]
) -> None:
    assert type(classify(as_yt_dlp_raises("it failed", cause))) is expected


def test_a_rate_limit_has_the_time_that_youtube_requires() -> None:
    failure = as_yt_dlp_raises("it failed", answer(429, **{"Retry-After": "77"}))
    assert classify(failure).details == {"retry_after": 77}


def test_a_forbidden_connection_is_the_network_and_not_a_folder() -> None:
    blocked = TransportError(cause=PermissionError(errno.EPERM, "Operation not permitted"))
    assert type(classify(as_yt_dlp_raises("it failed", blocked))) is errors.NetworkFailure


VAGUE = "Failed to extract any player response"
WARNED: list[tuple[str, type[errors.YTArchiveError]]] = [
    ("[youtube] x: Unable to download API page: HTTP Error 429: Too Many", errors.RateLimited),
    ("[youtube] x: Unable to download API page: timed out", errors.NetworkFailure),
    ("[youtube] Your YouTube account cookies are no longer valid", errors.CookiesInvalid),
    ("[youtube] x: some client was skipped", errors.ExtractorBroken),
]


@pytest.mark.parametrize(("warning", "expected"), WARNED)
def test_warnings_decide_when_there_is_no_player_response(
    warning: str, expected: type[errors.YTArchiveError]
) -> None:
    assert type(classify(as_yt_dlp_raises(VAGUE), [warning])) is expected


def test_warnings_do_not_hide_a_clear_answer() -> None:
    private = as_yt_dlp_raises("Private video")
    assert type(classify(private, ["HTTP Error 429"])) is errors.PrivateVideo


def test_a_premiere_has_its_start() -> None:
    found = classify(as_yt_dlp_raises("Premieres in 3 hours"))
    start = datetime.fromisoformat(found.details["retry_after"])
    assert abs(start - utc_now() - timedelta(hours=3)) < timedelta(minutes=1)


WAITS: list[tuple[str, timedelta | None]] = [
    ("this live event will begin in 20 minutes.", timedelta(minutes=20)),
    ("premieres in 2 days", timedelta(days=2)),
    ("premieres in an hour", timedelta(hours=1)),
    ("this live event will begin in a few moments.", timedelta(minutes=1)),
    ("premiere will begin shortly", timedelta(minutes=1)),
    ("premieres in a galaxy far away", None),
]


@pytest.mark.parametrize(("text", "expected"), WAITS)
def test_the_wait_is_read_in_youtubes_words(text: str, expected: timedelta | None) -> None:
    assert starts_in(text) == expected


MESSAGES: list[tuple[Any, str]] = [
    (
        "ERROR: [youtube] dQw4w9WgXcQ: Sign in to confirm you\u2019re not a bot." + COOKIES,
        "Sign in to confirm you\u2019re not a bot",
    ),
    (
        "ERROR: [youtube:tab] PLabc: YouTube said: The playlist does not exist.",
        "YouTube said: The playlist does not exist.",
    ),
    (
        "ERROR: unable to download video data: HTTP Error 403: Forbidden",
        "unable to download video data: HTTP Error 403: Forbidden",
    ),
    (
        (
            "\x1b[0;31mERROR:\x1b[0m [youtube] dQw4w9WgXcQ: Not here\nYou might want to "
            "use a VPN or a proxy server (with --proxy) to workaround."
        ),
        "Not here",
    ),
    (
        "Unable to connect to proxy http://me:secret@host:8080/: refused",
        "Unable to connect to proxy http://***@host:8080/: refused",
    ),
    (
        "[youtube] x-_45678901: Oops (caused by <HTTPError 500>); please report this issue on  x",
        "Oops",
    ),
    (
        (
            "Unable to download webpage: HTTPSConnection(host='www.youtube.com', port=443): "
            "Failed to resolve 'www.youtube.com' ([Errno -3] Try again)"
        ),
        "Unable to download webpage: Failed to resolve 'www.youtube.com' ([Errno -3] Try again)",
    ),
    (
        (
            "Unable to download webpage: ('Unable to connect to proxy', NewConnectionError("
            "\"HTTPSConnection(host='127.0.0.1', port=1): [Errno 111] Connection refused\"))"
        ),
        "Unable to download webpage: Unable to connect to proxy: [Errno 111] Connection refused",
    ),
]


@pytest.mark.parametrize(("raw", "shown"), MESSAGES)
def test_messages_have_the_cause_without_yt_dlps_options(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_normalising_keeps_what_the_table_needs() -> None:
    raw = "ERROR: [youtube] dQw4w9WgXcQ: Sign in to confirm you\u2019re not a bot." + COOKIES
    assert normalise(raw) == "sign in to confirm you're not a bot"


def test_our_own_errors_pass_unchanged() -> None:
    ours = errors.WrongVideo("another one")
    assert classify(ours) is ours
