"""Converts WebVTT to the stored formats; only YouTube's own format is requested separately."""

import subprocess
from collections.abc import Callable, Mapping

from ytarchive.common.profile import CaptionFormat
from ytarchive.media import ContentError, cues_of, subrip


def _as_srt(content: bytes, ffmpeg: str) -> bytes:
    options = ["-v", "error", "-protocol_whitelist", "pipe", "-f", "webvtt", "-i", "pipe:0"]
    try:
        return subprocess.run(  # noqa: S603  # our own ffmpeg with fixed arguments
            [ffmpeg, *options, "-f", "srt", "pipe:1"],
            input=content, capture_output=True, check=True, timeout=20,
        ).stdout  # fmt: skip
    except subprocess.SubprocessError as error:
        raise ContentError("the captions could not be converted to SubRip") from error


_FROM_WEBVTT: Mapping[CaptionFormat, Callable[[bytes, str], bytes]] = {
    CaptionFormat.VTT: lambda content, _: content,
    CaptionFormat.SRT: _as_srt,
}


def converted(
    fetch: Callable[[], bytes], format_: CaptionFormat, ffmpeg: str, *, automatic: bool
) -> bytes:
    """Return fetched WebVTT in another format. Raises the errors of `fetch`, or ContentError.

    Automatic captions repeat each line; as SubRip, which is for reading only, they have it once.
    """
    if automatic and format_ is CaptionFormat.SRT:
        return subrip(cues_of(fetch(), CaptionFormat.VTT))
    return _FROM_WEBVTT[format_](fetch(), ffmpeg)


class Once:
    """A request that is sent only once for several callers, even after a failure."""

    def __init__(self, fetch: Callable[[], bytes]) -> None:
        self._fetch = fetch
        self._outcome: bytes | Exception | None = None

    def __call__(self) -> bytes:
        """Return the answer, or raise the request's error."""
        if self._outcome is None:
            try:
                self._outcome = self._fetch()
            except Exception as failure:  # any exception, raised again below
                self._outcome = failure
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


class NotNeededError(ValueError):
    """Another file has the content, in a preferred format."""


class FirstOf:
    """Of several requests in turn, sends those until one succeeds, or fails with `is_final` false.

    A request is sent after a final failure only: the server has no such file.
    """

    def __init__(self, is_final: Callable[[BaseException], bool]) -> None:
        self._is_final = is_final
        self._is_settled = False

    def __call__(self, fetch: Callable[[], bytes]) -> bytes:
        """Return the answer. Raises the request's error, or NotNeededError."""
        if self._is_settled:
            raise NotNeededError
        self._is_settled = True
        try:
            return fetch()
        except Exception as failure:  # any exception, raised again
            self._is_settled = not self._is_final(failure)
            raise
