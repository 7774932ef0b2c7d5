"""yt-dlp's messages: each cause once a video, and only when the video was had all the same."""

import re
from collections.abc import Callable

from ytarchive.ytdlp.worker.wording import clean

_PARTICULARS = re.compile(r"https?://\S+|'[^']*'|\"[^\"]*\"|\(caused by.*|\d+", re.DOTALL)


class Messages:
    """yt-dlp's logger: keeps the warnings of a task.

    Those of a task that fails go into its error, which says it once and better.
    """

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.report: Callable[[str, str], None] = lambda level, text: None
        self._subject = ""
        self._causes: set[str] = set()

    def begin(self, subject: str) -> None:
        """A task begins: the video, or the list, that it is about."""
        self._subject = subject
        self.warnings.clear()
        self._causes.clear()

    def pass_on(self) -> None:
        """The task went well: tell what there was to tell."""
        for warning in self.warnings:
            self.report("WARNING", f"{self._subject}: {clean(warning)}")

    def debug(self, message: str) -> None:
        """yt-dlp's chatter."""

    def info(self, message: str) -> None:
        """yt-dlp's chatter."""

    def warning(self, message: str) -> None:
        """Something that yt-dlp could live with."""
        if "impersonat" in message:  # it says so of every caption, and they come all the same
            return
        cause = _PARTICULARS.sub("", message)
        if cause not in self._causes:
            self._causes.add(cause)
            self.warnings.append(message)

    def error(self, message: str) -> None:
        """The text of an exception that follows."""
