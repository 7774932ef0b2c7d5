"""File names are bytes. In Python they are text with surrogates for bytes that are not UTF-8.

SQLite and JSON refuse surrogates. In databases each such byte is a character of a private use range
of Unicode; a name that contains such characters itself is stored byte by byte. So every name can be
stored, compared and restored exactly. UTF-8 names are stored unchanged.
"""

import os
import re

_FIRST = 0x10F700
_PRIVATE = re.compile(f"[{chr(_FIRST + 0x80)}-{chr(_FIRST + 0xFF)}]")
_SURROGATE = re.compile("[\udc80-\udcff]")


def stored_name(name: str) -> str:
    """Return a file name or path as stored in databases: always valid UTF-8."""
    if name.isascii():
        return name
    text = os.fsencode(name).decode("utf-8", "surrogateescape")
    text = _PRIVATE.sub(lambda found: _bytewise(found[0]), text)
    return _SURROGATE.sub(lambda found: chr(_FIRST + ord(found[0]) - 0xDC00), text)


def file_name(stored: str) -> str:
    """Return the file name or path that `stored_name` converted into `stored`."""
    if stored.isascii():
        return stored
    text = _PRIVATE.sub(lambda found: chr(0xDC00 + ord(found[0]) - _FIRST), stored)
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))


def shown_name(name: str) -> str:
    r"""Return a file name for display: `M\xfcnchen` where a byte is not UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _bytewise(character: str) -> str:
    return "".join(chr(0xDC00 + byte) for byte in character.encode())
