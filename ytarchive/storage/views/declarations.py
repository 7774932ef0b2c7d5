"""The declarations of views: `metadata/views.json`, which `rebuild` keeps. Blocks."""

from pathlib import Path

from loguru import logger
from pydantic import ValidationError

from ytarchive.common import filesystem
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import FileFailure, NotFound, PathOutsideArchive
from ytarchive.common.json_text import stored_json
from ytarchive.common.models import Model
from ytarchive.common.paths import VIEW_MARKER, allowed_folder, followed, require_names
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.views.models import ViewDeclaration, ViewPolicy

log = logger.bind(service="storage")

DEFAULT = ViewDeclaration(name="library", policy=ViewPolicy.LIBRARY, path="library")


class _Stored(Model):
    version: int = 1
    views: list[ViewDeclaration]


class Declarations:
    """The views of an archive."""

    def __init__(self, layout: Layout, config: StorageConfig) -> None:
        self._layout = layout
        self._config = config
        self._path = layout.metadata / "views.json"

    def read(self) -> list[ViewDeclaration]:
        """Return the declared views; in a new archive, the view `library`. Raises FileFailure."""
        try:
            return _Stored.model_validate(stored_json(files.read(self._path))).views
        except NotFound:
            return [DEFAULT] if self._is_free(DEFAULT) else []
        except (ValueError, ValidationError):
            message = "is damaged: correct it, or delete it to have the view `library` alone"
            raise FileFailure(f"{self._path} {message}") from None

    def ensure(self) -> None:
        """Declare the view `library` in an archive without declarations, if its folder is free."""
        if not filesystem.exists(self._path):
            self.write(self.read())

    def write(self, views: list[ViewDeclaration]) -> None:
        """Store the declarations. Raises NotWritable or DiskFull."""
        content = _Stored(views=views).model_dump_json(indent=2).encode() + b"\n"
        files.write_atomically(self._path, content, self._layout.scratch)

    def folder(self, view: ViewDeclaration) -> Path:
        """Return the folder of a view. Raises PathOutsideArchive or FolderNotAllowed."""
        require_names(view.path)
        if ".." in Path(view.path).parts:
            raise PathOutsideArchive(f"{view.path!r} contains `..`")
        if Path(view.path).is_absolute() and not _is_below(Path(view.path), self._layout.base):
            return allowed_folder(view.path, self._config)
        folder = followed(self._layout.base / view.path)
        own = [self._layout.videos, *self._own()]
        overlaps = any(_is_below(folder, each) or _is_below(each, folder) for each in own)
        if folder == self._layout.base or overlaps or not _is_below(folder, self._layout.base):
            message = "is not a folder in the archive that its own folders, as `videos`, leave free"
            raise PathOutsideArchive(f"{view.path!r} {message}")
        return folder

    def _own(self) -> list[Path]:
        layout = self._layout
        return [followed(each) for each in (layout.metadata, layout.logs, layout.own, layout.state)]

    def _is_free(self, view: ViewDeclaration) -> bool:
        """Return whether a default view can use its folder: nothing else is there."""
        try:
            folder = self.folder(view)
        except PathOutsideArchive:
            return False
        if not filesystem.exists(folder) or filesystem.is_file(folder / VIEW_MARKER):
            return True
        log.info("{} exists, so there is no view `{}`", folder, view.name)
        return False


def _is_below(path: Path, folder: Path) -> bool:
    return followed(path).is_relative_to(followed(folder))
