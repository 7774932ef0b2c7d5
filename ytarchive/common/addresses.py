"""Parse YouTube URLs in the forms in which people paste them.

Web pages, chats and shells change URLs: they add brackets, quotes or invisible characters, escape
`&` and `?`, and wrap URLs in redirection, consent or attribution pages.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_LONGEST = 4096
_DEEPEST = 4
"""Maximum number of nested wrappers."""
_YOUTUBE = "https://www.youtube.com"

_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)?(?:youtube\.com|youtube-nocookie\.com|youtubekids\.com|youtu\.be)"
    r"|youtube\.googleapis\.com|[a-z0-9]+\.ytimg\.com"
)
_WRAPPING_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)*google(?:\.[a-z]{2,3}){1,2}|lm?\.(?:facebook|instagram|messenger)\.com"
    r"|l\.threads\.(?:net|com)|duckduckgo\.com|out\.reddit\.com|t\.umblr\.com|vk\.com"
    r"|slack-redir\.net|steamcommunity\.com|[a-z0-9]+\.safelinks\.protection\.outlook\.com"
)
_WRAPPING_PAGES = frozenset(
    {
        "attribution_link", "redirect", "signin", "oembed", "verify_age", "verify_controversy",
        "m", "ml", "d", "oops", "das_captcha", "das", "age_verification", "servicelogin",
    }
)  # fmt: skip
_TARGETS = ("u", "q", "url", "continue", "next", "next_url", "dest", "uddg", "z", "to")
_START = re.compile(r"(?:https?:)?//|(?:vnd\.)?youtube:(?://)?", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.-]+\.[a-z]+\.?(?::[0-9]{1,5})?[/?#]", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|\w{2,10});", re.IGNORECASE)
_MARKDOWN = re.compile(r"!?\[[^\]]*\]\(<?(\S+?)>?(?:\s+[\"'][^()]*)?\)[.,;:]?")
_EMPHASIS = re.compile(r"([*_~|]{1,3})((?:https?:|www\.|youtu|@)\S+)\1", re.IGNORECASE)
_WITHIN = re.compile(r"(?:^|(?<=[\s\"'(<\[\]{|:]))https?://[^\s<>\"'\[\](){}|]+", re.IGNORECASE)
"""A URL in other text: HTML, BBCode, an item of a list."""
_RELATIVE = re.compile(
    r"/?(?:(?:watch|playlist)(?=\?)|(?:shorts|live|embed|channel|c|user)(?=/)|UC[\w-]{22}(?=/)|(?=@))",
    re.ASCII,
)
_PLAYED = re.compile(r"!?(?:v=|p/(?:\S*/)?)([\w-]{11})(?:[&/?]\S*)?", re.ASCII)
"""The fragment of old pages that shows a video: `#!v=`, or `#p/u/1/` on a channel's page."""
_PUNCTUATION = ".,;:!?)]}>*'\"\u2026\u3001\u3002\uff0c\uff09\u300d\u3011"
_FILLERS = "\u034f\u115f\u1160\u3164\uffa0"
"""Invisible characters in Unicode's categories of marks and letters."""
_WRITTEN_AS = {
    "(": ")", "<": ">", "[": "]", '"': '"', "'": "'", "`": "`", "\u201c": "\u201d",
    "\u2018": "\u2019", "\u00ab": "\u00bb", "\u00bb": "\u00ab", "\u201e": "\u201c",
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """A YouTube URL: host in lower case, path segments, and the last value of each query name."""

    host: str
    path: tuple[str, ...]
    query: dict[str, str] = field(default_factory=dict)

    @property
    def page(self) -> str:
        """Return the first segment of the path in lower case; empty for the home page."""
        return self.path[0].lower() if self.path else ""

    @property
    def is_short(self) -> bool:
        """Return whether the host is `youtu.be`; the path is then a video id."""
        return self.host.endswith("youtu.be")


def clean(text: str) -> str:
    """Return an id, name or URL without surrounding characters, in Unicode's form NFC."""
    text = "".join(c for c in unicodedata.normalize("NFC", text) if not _is_invisible(c)).strip()
    if found := _MARKDOWN.fullmatch(text):
        text = found[1]
    while len(text) > 1 and text[0] in _WRITTEN_AS:
        inner, end, rest = text[1:].rpartition(_WRITTEN_AS[text[0]])
        if not end or rest.strip(".,;:"):
            return text
        text = inner.strip()
    return text


def readings(text: str) -> Iterator[str]:
    """Yield a text returned by `clean`, then the ids or URLs that it may contain otherwise."""
    yield text
    if found := _EMPHASIS.fullmatch(text):
        yield found[2]
    yield text.rstrip(_PUNCTUATION)
    if "%" in text and len(text) <= _LONGEST:
        yield unquote(text)
        yield unquote(unquote(text))
    if not _START.match(text) and len(urls := urls_in(text)) == 1:
        yield from (url := urls.pop(), url.rstrip(_PUNCTUATION))


def urls_in(text: str) -> set[str]:
    """Return the URLs with a scheme in a text; a URL inside another URL is none."""
    return set(_WITHIN.findall(text)) if len(text) <= _LONGEST else set()


def _is_invisible(character: str) -> bool:
    is_format = unicodedata.category(character) == "Cf"
    return is_format or character in _FILLERS or "\ufe00" <= character <= "\ufe0f"


def read_address(text: str) -> Address | None:
    """Parse a URL returned by `clean`; return None for other text and other sites."""
    return _read(_unescaped(text), _DEEPEST) if len(text) <= _LONGEST else None


def _unescaped(text: str) -> str:
    if re.match(r"https?%3a", text, re.IGNORECASE):
        text = unquote(text)
    text = text.replace("\\", "")
    for _ in range(3):
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    return text


def _read(text: str, deepest: int) -> Address | None:
    url = _split(text)
    if url is None:
        return None
    host = (url.hostname or "").lower().rstrip(".")
    query = {name.lower(): values[-1] for name, values in parse_qs(url.query).items()}
    path = tuple(
        unicodedata.normalize("NFC", unquote(each)) for each in url.path.split("/") if each
    )
    address = Address(host, path, query)
    target = _target(address, url.fragment)
    if target is not None:
        return _read(target, deepest - 1) if deepest else None
    if played := _PLAYED.fullmatch(url.fragment):
        address = Address(host, ("watch",), {"v": played[1]})
    return address if _HOST.fullmatch(host) else None


def _split(text: str) -> SplitResult | None:
    """Split a URL; return None for text that is no URL."""
    start = _START.match(text)
    rest = text[start.end() :] if start else text
    if start and "youtube:" in start[0].lower() and not _ADDRESS.match(rest):
        return urlsplit(f"https://youtu.be/{rest}")
    if not start and _RELATIVE.match(rest):
        place = "channel/" if rest.startswith("UC") else ""
        rest = f"www.youtube.com/{place}{rest.lstrip('/')}"
    if not _ADDRESS.match(rest):
        return None
    try:
        return urlsplit(f"https://{rest}")
    except ValueError:
        return None


def _target(address: Address, fragment: str) -> str | None:
    """Return the target of a wrapper; None for a URL that is no wrapper."""
    if _HOST.fullmatch(address.host):
        # Pages for old phones and for television sets have the address in the fragment.
        if fragment.startswith(("/", "!/")) and address.page in {"", "tv"}:
            return _YOUTUBE + fragment.lstrip("!")
        if address.is_short or address.page not in _WRAPPING_PAGES:
            return None
    elif not _WRAPPING_HOST.fullmatch(address.host):
        return None
    found = (address.query.get(name) for name in _TARGETS)
    target = next((each for each in found if each), "")
    return _YOUTUBE + target if target.startswith("/") else target
