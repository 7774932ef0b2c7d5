"""The list of yt-dlp's `--download-archive`: one `EXTRACTOR ID` per line."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ytarchive.common.disk import os_errors
from ytarchive.common.identifiers import VIDEO_ID


@dataclass(frozen=True)
class ArchiveLines:
    """The content of a list."""

    video_ids: list[str] = field(default_factory=list)
    """Of YouTube, each once, in order."""
    of_other_sites: list[int] = field(default_factory=list)
    """Numbers of the lines with videos of other sites."""
    invalid: list[int] = field(default_factory=list)
    """Numbers of the lines that name no video."""


def read_download_archive(path: Path) -> ArchiveLines:
    """Return the videos that a list names. Blocks. Raises FileFailure."""
    with os_errors(path), path.open("rb") as content:
        return read_lines(content)


def read_lines(lines: Iterable[bytes]) -> ArchiveLines:
    """Return the videos in the lines of a list."""
    found: dict[str, None] = {}
    read = ArchiveLines()
    for number, line in enumerate(lines, 1):
        words = line.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").split()
        if len(words) == 2 and words[0].lower() != "youtube":
            read.of_other_sites.append(number)
        elif len(words) == 2 and VIDEO_ID.fullmatch(words[1]):
            found[words[1]] = None
        elif words:
            read.invalid.append(number)
    read.video_ids.extend(found)
    return read
