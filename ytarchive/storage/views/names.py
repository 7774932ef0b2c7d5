"""Makes names for views that are safe on ext4, NTFS, exFAT and SMB.

A title can contain any text. Names contain no character that one of these file systems refuses or
that changes how a terminal shows the rest, and differ by more than case or composition.
"""

import re
import unicodedata

import regex

LONGEST_NAME = 255
"""Bytes of a name in UTF-8; NTFS and exFAT allow as many UTF-16 units, which are never more."""
LONGEST_PATH = 1000
"""Bytes of a path in a view."""
_SUFFIX_ROOM = 40
"""Bytes that a stem leaves for suffixes such as `.zh-Hant-TW.auto.vtt` and for a number."""
_REPLACED = str.maketrans(
    {
        "/": "\u29f8", "\\": "\u29f9", ":": "\uff1a", "*": "\uff0a", "?": "\uff1f",
        '"': "\uff02", "<": "\uff1c", ">": "\uff1e", "|": "\uff5c",
    }
)  # fmt: skip
_KEPT_FORMAT = "\u200c\u200d"
"""Joiners, which emojis and some scripts need; all other characters of category Cf are removed."""
_VISIBLE = regex.compile(r"[^\p{Default_Ignorable_Code_Point}\u2800\s]")
"""A character that is shown. U+2800 is a Braille pattern without dots."""
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ,;()\[\]!&'+=@#$%_.-]*[A-Za-z0-9)\]!])?")
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])",
    re.IGNORECASE,
)


def name(title: str, tail: str = "", *, otherwise: str = "untitled", room: int = 0) -> str:
    """Return a name: a title, shortened if necessary, followed by `tail`, which stays complete.

    `otherwise`: used in place of a title without a visible character. `room`: bytes to leave.
    """
    most = LONGEST_NAME - len(tail.encode()) - room
    text = _clean(title) or _clean(otherwise) or "untitled"
    return _unreserved(f"{_cut(text, most)}{tail}")


def stem(title: str, tail: str = "", *, otherwise: str = "untitled", prefix: str = "") -> str:
    """Return a name without suffix, with room for the suffixes of a video's files."""
    room = _SUFFIX_ROOM + len(prefix.encode())
    return prefix + name(title, tail, otherwise=otherwise, room=room)


def is_visible(text: str) -> bool:
    """Return whether a text has a character that is shown."""
    return _VISIBLE.search(text) is not None


def folded(path: str) -> str:
    """Return a path as the most tolerant file systems compare it."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def _clean(text: str) -> str:
    if _PLAIN.fullmatch(text) and "  " not in text:
        return text
    text = unicodedata.normalize("NFC", text.translate(_REPLACED))
    text = "".join(map(_allowed, text))
    return " ".join(text.split()).strip(" .") if is_visible(text) else ""


def _allowed(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    is_refused = category in {"Cs", "Cn"} or (category == "Cf" and character not in _KEPT_FORMAT)
    return "" if is_refused else character


def _cut(text: str, most: int) -> str:
    """Return at most `most` bytes of a text, cut between characters as readers see them."""
    if len(text.encode()) <= most:
        return text
    taken, left = [], most
    for character in regex.findall(r"\X", text):
        left -= len(character.encode())
        if left < 0:
            break
        taken.append(character)
    return "".join(taken).rstrip(" .") or "untitled"


def _unreserved(text: str) -> str:
    """Return a name that DOS does not reserve for a device, as it does `NUL` and `nul.txt`."""
    first, dot, rest = text.partition(".")
    return f"{first}_{dot}{rest}" if _RESERVED.fullmatch(first.rstrip(" ")) else text
