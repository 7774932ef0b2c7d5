"""yt-dlp's and YouTube's messages: collected during a task, compared, and cleaned for people."""

import re
from collections.abc import Callable

_PARTICULARS = re.compile(r"https?://\S+|'[^']*'|\"[^\"]*\"|\(caused by.*|\d+", re.DOTALL)
LED_ELSEWHERE = "; an answer leads there, as in a network that requires a log-in"
"""The end of the message of a redirect that is not followed."""
_COOKIE_ADVICE = re.compile(r"\.?\s*use --cookies.*", re.IGNORECASE | re.DOTALL)
_BUG_ADVICE = re.compile(r"[;.,]?\s*please report this issue on .*", re.IGNORECASE | re.DOTALL)
_ADVICE = re.compile(
    r"\.?\s*(use --list-formats|you might want to use a vpn|it is recommended to use) .*",
    re.IGNORECASE | re.DOTALL,
)
_CAUSE = re.compile(r"\s*\(caused by .*", re.DOTALL)
_LINES = re.compile(r"[.\s]*\n\s*")
_PASSWORD = re.compile(r"//\S+@")  # of a proxy
_WRAPPED = re.compile(r"""\('([^']+)', \w+\((["'])(.*)\2\)\)""")  # an exception in an exception
_CONNECTION = re.compile(r"\bHTTPS?Connection(Pool)?\([^)]*\): ")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LABEL = re.compile(r"^\s*(error:\s*)?(\[[\w:+.-]+\]\s*)?([\w@-]{2,64}:\s+)?", re.IGNORECASE)
_NAMED = re.compile(r"^\s*(error:\s*)?\[[\w:+.-]+\]", re.IGNORECASE)


class Messages:
    """The logger of yt-dlp: keeps the warnings of a task, each cause once.

    Warnings of a failed task become part of its error.
    """

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.report: Callable[[str, str], None] = lambda level, text: None
        self._subject = ""
        self._causes: set[str] = set()

    def begin(self, subject: str) -> None:
        """Begin a task about a video or list."""
        self._subject = subject
        self.warnings.clear()
        self._causes.clear()

    def pass_on(self) -> None:
        """Report the warnings after a successful task."""
        for warning in self.warnings:
            self.report("WARNING", f"{self._subject}: {clean(warning)}")

    def debug(self, message: str) -> None:
        """Ignore yt-dlp's message."""

    def info(self, message: str) -> None:
        """Ignore yt-dlp's message."""

    def warning(self, message: str) -> None:
        """Keep a warning."""
        if "impersonat" in message:  # logged for all captions, which arrive nevertheless
            return
        cause = _PARTICULARS.sub("", message)
        if cause not in self._causes:
            self._causes.add(cause)
            self.warnings.append(message)

    def error(self, message: str) -> None:
        """Ignore the text of an exception that follows."""


def normalise(message: str) -> str:
    """Return `message` for the table: lower case, one kind of apostrophe, no label or advice."""
    text = _COLOUR.sub("", message).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return _COOKIE_ADVICE.sub("", _without_label(text)).lower()


def clean(message: str) -> str:
    """Return `message` for display, without yt-dlp's labels, advice about options, and objects."""
    text = _LINES.sub(". ", _without_label(_COLOUR.sub("", message)).strip())
    for tail in (_COOKIE_ADVICE, _BUG_ADVICE, _ADVICE, _CAUSE):
        text = tail.sub("", text)
    text = _CONNECTION.sub("", _WRAPPED.sub(r"\1: \3", text))
    text = text.encode("utf-8", "replace").decode().lstrip(". ")  # a description without title
    return _PASSWORD.sub("//***@", " ".join(text.split())[:1000])


def _without_label(text: str) -> str:
    """Cut "ERROR: [youtube] ID: "; an id counts as one only behind the extractor's name."""
    if _NAMED.match(text):
        return _LABEL.sub("", text, count=1)
    return re.sub(r"^\s*error:\s*", "", text, flags=re.IGNORECASE)
