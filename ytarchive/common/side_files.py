"""Side files of a video, stored with its media: names such as `thumbnail`, `captions:en`."""

from collections.abc import Iterable
from typing import Annotated, NamedTuple

from pydantic import Field

THUMBNAIL = "thumbnail"
DESCRIPTION = "description"
COMMENTS = "comments"
LIVE_CHAT = "live_chat"
SINGLE = (THUMBNAIL, DESCRIPTION, COMMENTS, LIVE_CHAT)
"""The side files of which a video has at most one. `include_...` of a profile requests each."""
_CAPTIONS = "captions:"
_PATTERN = rf"^({'|'.join(SINGLE)}|captions:[A-Za-z0-9_-]{{1,40}}\*?(\.[a-z0-9]{{2,5}})?)$"
_USUAL_FORMAT = "vtt"


SideFiles = Annotated[
    list[Annotated[str, Field(pattern=_PATTERN)]],
    Field(
        max_length=500,
        description="Side files of a video: `thumbnail`, `description`, `comments`, `live_chat`, "
        "`captions:en`; captions in "
        "another format than WebVTT with their format, `captions:en.srt`",
        examples=[["captions:en", "thumbnail"]],
    ),
]


class Captions(NamedTuple):
    """Captions in one language and format."""

    language: str
    format: str

    @property
    def key(self) -> str:
        """Return the name among `SideFiles`."""
        return captions_in(self.language, self.format)


def captions_in(language: str, format_: str = _USUAL_FORMAT) -> str:
    """Return the name of captions among `SideFiles`."""
    return f"{_CAPTIONS}{language}" + (f".{format_}" if format_ != _USUAL_FORMAT else "")


def captions_among(side_files: Iterable[str]) -> list[Captions]:
    """Return the captions among `SideFiles`."""
    parts = [each.removeprefix(_CAPTIONS).partition(".") for each in side_files
             if each.startswith(_CAPTIONS)]  # fmt: skip
    return [Captions(language, found or _USUAL_FORMAT) for language, _, found in parts]


def caption_languages_of(side_files: Iterable[str]) -> list[str]:
    """Return the languages of the captions among `SideFiles`, each once."""
    return list(dict.fromkeys(each.language for each in captions_among(side_files)))


def in_words(side_files: Iterable[str]) -> str:
    """Return `SideFiles` in words: `captions in en, thumbnail`."""
    named = (each.replace(_CAPTIONS, "captions in ") for each in side_files)
    return ", ".join(named).replace(LIVE_CHAT, "live chat")
