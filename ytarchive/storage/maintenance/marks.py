"""Brings the rows of marks in an older library in agreement with the archive's files. Blocks."""

from pathlib import Path

from loguru import logger

from ytarchive.common import filesystem
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Row
from ytarchive.common.errors import LocalError, NotFound
from ytarchive.common.json_text import stored_json
from ytarchive.common.prepared_database import changed
from ytarchive.common.rows import all_readable, fields_of
from ytarchive.common.sqlite_errors import REFUSED
from ytarchive.storage.library.discovery import documents
from ytarchive.storage.library.repository import SCHEMA
from ytarchive.storage.marks.models import (
    KnownVideos,
    MarkedVideo,
    marks_row,
    read_marks,
    write_marks,
)
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout

log = logger.bind(service="storage")


def restore_marks(database: Path, config: StorageConfig) -> None:
    """Replace the rows of marks in the library of a backup by those of the archive's files.

    A row without a file that can be read stays; if there is no file, it is written again. Raises a
    LocalError if the files cannot be listed or written.
    """
    layout = Layout.of(config)
    found = _in_files(layout)
    with changed(database, SCHEMA) as writer:
        rows = writer.fetch_all("all_marks")
        earlier = all_readable(rows, _marked, lambda row: f"marks of {row['video_id']}")
        known = [each for each in earlier if each.video_id not in found]
        lost = [each for each in known if not filesystem.exists(layout.marks_file(each.video_id))]
        write_marks(layout, lost)
        writer.execute("delete_marks")
        for each in [*found.values(), *known]:
            try:
                writer.execute("upsert_marks", marks_row(each))
            except REFUSED as error:  # two videos with the same place
                log.error("the marks of {} are not restored: {}", each.video_id, error)


def _in_files(layout: Layout) -> dict[str, MarkedVideo]:
    """Return the marks in all files that can be read; the file of a single video decides."""
    found: dict[str, MarkedVideo] = {}
    for path in documents(layout.known_folder):
        try:
            known = KnownVideos.model_validate(stored_json(files.read(path)))
        except (ValueError, LocalError, NotFound) as error:
            log.error("{} is not read: {}", path, error)
            continue
        found |= {
            each: MarkedVideo(video_id=each, known_elsewhere=known.place)
            for each in known.video_ids
        }
    for path in documents(layout.metadata / "marks"):
        try:
            marked = read_marks(path)
        except (LocalError, NotFound) as error:
            log.error("{}", error.message)
            found.pop(path.stem, None)
        else:
            found[marked.video_id] = marked
    return found


def _marked(row: Row) -> MarkedVideo:
    return MarkedVideo(**fields_of(MarkedVideo, row))
