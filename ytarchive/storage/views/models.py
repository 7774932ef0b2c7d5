"""Models of the views."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from ytarchive.common.models import Model, UtcDatetime

ViewName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
"""The name of a view."""


class ViewPolicy(StrEnum):
    """How a view names its files."""

    LIBRARY = "library"
    """`<channel>/<date> <title> [<id>].<ext>`."""
    PLAYLISTS = "playlists"
    """`<playlist>/<number> <title> [<id>].<ext>`, in the playlist's order."""
    MEDIA_SERVER = "media-server"
    """Episodes with metadata for Jellyfin, Kodi, Plex and Emby."""
    CUSTOM = "custom"
    """A template of fields."""


class LinkMethod(StrEnum):
    """How a view shows a stored file, in the order in which the methods are tried."""

    REFLINK = "reflink"
    """A file of its own that shares the blocks of the stored file (Btrfs, XFS)."""
    HARDLINK = "hardlink"
    """A second name of the stored file."""
    SYMLINK = "symlink"
    """A symbolic link."""
    COPY = "copy"
    """A copy, which takes as much space as the stored file; only if it is allowed."""


class ViewDeclaration(Model):
    """A view, as stored in `metadata/views.json`."""

    name: ViewName
    policy: ViewPolicy
    path: str = Field(
        min_length=1,
        max_length=2048,
        description="Folder of the view: in the archive, or absolute below `storage.allowed_roots`",
    )
    template: str | None = Field(
        default=None,
        max_length=500,
        description="For `custom`: fields in braces, as `{channel}/{year}/{title} [{id}]`",
    )
    allow_copy: bool = Field(
        default=False, description="Copy files where no kind of link is possible"
    )

    @model_validator(mode="after")
    def _has_a_template_if_custom(self) -> Self:
        if (self.template is not None) != (self.policy is ViewPolicy.CUSTOM):
            raise ValueError("the policy `custom`, and no other one, needs a template")
        return self


class AddView(ViewDeclaration):
    """A view to add."""

    path: str = Field(
        default="",
        max_length=2048,
        description="Folder of the view: in the archive, or absolute below "
        "`storage.allowed_roots`; default: the name of the view",
    )


class View(ViewDeclaration):
    """A view and its state."""

    folder: str = Field(description="Absolute path")
    method: LinkMethod | None = Field(
        default=None, description="How the files are linked; null before the first synchronisation"
    )
    entries: int = Field(default=0, description="Number of files that the view has created")
    pending: int = Field(default=0, description="Changed videos that the view does not show yet")
    synced_at: UtcDatetime | None = Field(
        default=None, description="When all folders of the view were last read"
    )
    problem: str | None = Field(default=None, description="Why the view is not complete")


class Views(Model):
    """All views."""

    views: list[View]


class SyncView(Model):
    """Options of a synchronisation."""

    dry_run: bool = Field(default=False, description="Count the changes without making them")


class ViewSync(Model):
    """The changes of a synchronisation."""

    name: str
    dry_run: bool = False
    method: LinkMethod | None = None
    created: int = Field(default=0, description="New files, also in place of deleted ones")
    replaced: int = Field(default=0, description="Files with other content than before")
    removed: int = Field(default=0, description="Files that do not belong to the view any more")
    unchanged: int = 0
    foreign: int = Field(default=0, description="Files of other origin, which are left as they are")
    foreign_paths: list[str] = Field(
        default=[], description="The first hundred of them, relative to the view"
    )
    blocked: list[str] = Field(
        default=[],
        description="The first hundred paths of the view where there is a file of other origin",
    )


class RemovedView(Model):
    """The result of removing a view."""

    name: str
    removed: int = Field(description="Deleted files: those that the view had created")
    foreign: int = Field(default=0, description="Files of other origin, which stay")
