"""Who says whether YouTube may be asked: declared here, decided above, joined in `app.py`."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol


class Gate(Protocol):
    """Stands before everything that asks YouTube by yt-dlp."""

    def passing(
        self, source: str, *, is_video: bool, patient: bool
    ) -> AbstractAsyncContextManager[None]:
        """Within it YouTube may be asked about `source`, a video or one page of a list.

        It hears what the block raises. If YouTube may not be asked now, `patient` waits for as long
        as it takes; others wait a moment at most, and RequestsPaused is raised. What is asked about
        a video that the queue has been admitted for just passes.
        """
        ...


class OpenGate(Gate):
    """Lets everybody pass: for tests of what stands behind it."""

    def passing(
        self, source: str, *, is_video: bool, patient: bool
    ) -> AbstractAsyncContextManager[None]:
        """Pass."""
        return nullcontext()
