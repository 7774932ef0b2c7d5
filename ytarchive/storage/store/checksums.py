"""The list of digests of a video's folder, in the format of `sha256sum -c`."""

import os
import re
from collections.abc import Mapping

from ytarchive.common.file_names import file_name, stored_name

_LINE = re.compile(rb"(\\?)([0-9a-f]{64}) [ *]([^\0]+)")
_ESCAPES = {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}
_ESCAPED = {written: name for name, written in _ESCAPES.items()}


def checksum_lines(digests: Mapping[str, str]) -> bytes:
    """Return the content of the list. `digests`: by file name, as databases store it."""
    return b"".join(_line(name, digest) for name, digest in sorted(digests.items()))


def parsed_checksums(content: bytes) -> dict[str, str]:
    """Return digests by file name, as databases store it. Skip other lines."""
    matches = filter(None, map(_LINE.fullmatch, content.splitlines()))
    return {_listed_name(found): found[2].decode() for found in matches}


def _listed_name(found: re.Match[bytes]) -> str:
    name = found[3]
    if found[1]:
        name = re.sub(rb"\\[\\nr]", lambda escape: _ESCAPED[escape[0]], name)
    return stored_name(os.fsdecode(name))


def _line(name: str, digest: str) -> bytes:
    """Return a line in the format of `sha256sum`, with line breaks in the name escaped."""
    raw = os.fsencode(file_name(name))
    escaped = re.sub(rb"[\\\n\r]", lambda found: _ESCAPES[found[0]], raw)
    return (b"\\" if escaped != raw else b"") + f"{digest}  ".encode() + escaped + b"\n"
