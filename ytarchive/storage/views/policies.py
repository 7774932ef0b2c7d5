"""The naming policies of views: pure functions from stored videos to entries."""

import re
from collections.abc import Callable

from ytarchive.common.archived_files import Role
from ytarchive.common.errors import InvalidRequest
from ytarchive.storage.views import names
from ytarchive.storage.views.entries import Entry, Folder, Policy, ViewVideo
from ytarchive.storage.views.media_server import MediaServerPolicy
from ytarchive.storage.views.models import ViewDeclaration, ViewPolicy

_SHOWN = (Role.MEDIA, Role.CAPTIONS, Role.THUMBNAIL)
_FIELD = re.compile(r"\{([^{}]*)\}")
_MOST_PARTS = 3
"""Folders and name of a template: with more, a path could be longer than systems accept."""


def shown_files(video: ViewVideo, folder: str, stem: str) -> list[Entry]:
    """Return the media, captions and thumbnail of a video under one stem."""
    return [
        Entry(folder=folder, stem=stem, suffix=file.suffix, source=file)
        for file in video.with_roles(*_SHOWN)
    ]


class LibraryPolicy(Policy):
    """`<channel>/<date> <title> [<id>].<ext>`."""

    def video(self, video: ViewVideo, folder: str) -> list[Entry]:
        """Return the media, captions and thumbnail."""
        day = f"{video.uploaded:%Y-%m-%d} " if video.uploaded else ""
        tail = f" [{video.video_id}]"
        stem = names.stem(video.title, tail, otherwise=video.video_id, prefix=day)
        return shown_files(video, folder, stem)


class TemplatePolicy(Policy):
    """A template of fields, as `{channel}/{year}/{title} [{id}]`."""

    names_folders = True

    def __init__(self, template: str) -> None:
        """Raises InvalidRequest for a template that is not safe or not unique."""
        *self._parents, last = parts = template.split("/")
        unknown = [each for each in _FIELD.findall(template) if each not in FIELDS]
        literal = _FIELD.sub("x", template).replace("/", "x")
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise InvalidRequest(f"unknown field {{{unknown[0]}}} in the template; use {known}")
        if names.name(f"x{literal}x") != f"x{literal}x":
            raise InvalidRequest("the template has a character that some file systems refuse")
        if len(parts) > _MOST_PARTS or any(not part.strip(" .") for part in parts):
            raise InvalidRequest("the template needs one to three names, separated by /")
        self._before, id_, self._after = last.partition("{id}")
        if not id_ or (_FIELD.search(self._before) and _FIELD.search(self._after)):
            message = "so that names differ, the last name needs {id} as its first or last field"
            raise InvalidRequest(f"{message}, as in {{title}} [{{id}}]")

    def folder(self, video: ViewVideo) -> Folder | None:
        """Return None: templates name all folders."""
        return None

    def video(self, video: ViewVideo, folder: str) -> list[Entry]:
        """Return the media, captions and thumbnail; `folder` is not used."""
        inner = "/".join(names.name(_filled(part, video)) for part in self._parents)
        if _FIELD.search(self._after):
            separator, brace, rest = self._after.partition("{")
            start = f"{self._before}{video.video_id}{separator}"
            stem = names.stem(_filled(brace + rest, video), prefix=start)
        else:
            end = self._before.rpartition("}")[2]
            tail = f"{end}{video.video_id}{self._after}".rstrip(" .")
            title = _filled(self._before.removesuffix(end), video)
            stem = names.stem(title, tail) if title else tail.strip()
        return shown_files(video, inner, stem)


def playlist_entries(videos: list[tuple[int, ViewVideo]], count: int, folder: str) -> list[Entry]:
    """Return the entries of a playlist with `count` entries. `videos`: each with its position."""
    width = max(3, len(str(count)))
    return [
        entry
        for position, video in videos
        for entry in shown_files(video, folder, names.stem(
            video.title, f" [{video.video_id}]", otherwise=video.video_id,
            prefix=f"{position + 1:0{width}} ",
        ))
    ]  # fmt: skip


def policy_of(view: ViewDeclaration) -> Policy:
    """Return the policy of a view. Raises InvalidRequest for an invalid template."""
    if view.policy is ViewPolicy.CUSTOM:
        return TemplatePolicy(view.template or "")
    return _POLICIES[view.policy]()


def _filled(text: str, video: ViewVideo) -> str:
    return _FIELD.sub(lambda found: FIELDS[found[1]](video), text)


def _day(form: str) -> Callable[[ViewVideo], str]:
    return lambda video: f"{video.uploaded:{form}}" if video.uploaded else "undated"


FIELDS: dict[str, Callable[[ViewVideo], str]] = {
    "channel": lambda video: video.channel_title or video.channel_id or "Unknown channel",
    "channel_id": lambda video: video.channel_id or "unknown",
    "title": lambda video: video.title or video.video_id,
    "id": lambda video: video.video_id,
    "date": _day("%Y-%m-%d"),
    "year": _day("%Y"),
    "month": _day("%m"),
    "day": _day("%d"),
    "quality": lambda video: video.quality or "unknown",
}
"""The fields of templates, by name."""

_POLICIES: dict[ViewPolicy, Callable[[], Policy]] = {
    ViewPolicy.LIBRARY: LibraryPolicy,
    ViewPolicy.PLAYLISTS: LibraryPolicy,
    ViewPolicy.MEDIA_SERVER: MediaServerPolicy,
}
