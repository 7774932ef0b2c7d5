"""The gate that admits requests to YouTube: declared here, implemented above, set in `app.py`."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol


class Gate(Protocol):
    """Admits every request that yt-dlp sends to YouTube."""

    def passing(
        self, source: str, *, is_video: bool, patient: bool
    ) -> AbstractAsyncContextManager[None]:
        """Admit, within the block, requests about `source`, a video or one page of a list.

        It receives what the block raises. While requests are paused, `patient` waits without limit;
        others wait a moment at most. Requests about a video for which the queue has a permit are
        admitted at once. Raises RequestsPaused.
        """
        ...


class OpenGate(Gate):
    """Admits every request: for tests of the code behind the gate."""

    def passing(
        self, source: str, *, is_video: bool, patient: bool
    ) -> AbstractAsyncContextManager[None]:
        """Pass."""
        return nullcontext()
