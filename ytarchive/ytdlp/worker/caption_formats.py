"""Captions in the formats in which they are stored. YouTube is asked for WebVTT alone."""

from collections.abc import Callable, Mapping

from ytarchive.common.profile import CaptionFormat

_FROM_WEBVTT: Mapping[CaptionFormat, Callable[[bytes], bytes]] = {
    CaptionFormat.VTT: lambda content: content,
}


def converted(fetch: Callable[[], bytes], format_: CaptionFormat) -> bytes:
    """Return fetched WebVTT in another format. Raises what `fetch` raises, or ContentError."""
    return _FROM_WEBVTT[format_](fetch())


class Once:
    """A request that is sent once, whoever needs its answer, and however it ended."""

    def __init__(self, fetch: Callable[[], bytes]) -> None:
        self._fetch = fetch
        self._outcome: bytes | Exception | None = None

    def __call__(self) -> bytes:
        """Return the answer. Raises what the request raised."""
        if self._outcome is None:
            try:
                self._outcome = self._fetch()
            except Exception as failure:  # of whatever class: it is raised again below
                self._outcome = failure
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome
