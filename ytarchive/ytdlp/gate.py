"""The gate that admits requests to YouTube: declared here, implemented by Jobs, set in `app.py`."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol


class Gate(Protocol):
    """Admits every request that yt-dlp sends to YouTube."""

    def passing(
        self, source: str, *, is_video: bool, patient: bool
    ) -> AbstractAsyncContextManager[None]:
        """Admit, within the block, requests about `source`, a video or one page of a list.

        It receives the exceptions of the block. While requests are paused, `patient` callers wait
        without limit, others only briefly. Requests about a video for which the queue has a permit
        are admitted at once. Raises RequestsPaused.
        """
        ...


class OpenGate(Gate):
    """Admits every request; for tests."""

    def passing(
        self, source: str, *, is_video: bool, patient: bool
    ) -> AbstractAsyncContextManager[None]:
        """Pass."""
        return nullcontext()
