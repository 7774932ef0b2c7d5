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
    """yt-dlp's logger: keeps the warnings of a task, each cause once.

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


def normalise(message: str) -> str:
    """`message` as the table compares it: lower case, one apostrophe, no label, no advice."""
    text = _COLOUR.sub("", message).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return _COOKIE_ADVICE.sub("", _without_label(text)).lower()


def clean(message: str) -> str:
    """`message` for people: without yt-dlp's labels, advice about its options, and objects."""
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
