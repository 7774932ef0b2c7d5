"""The contracts of Storage that need only the library and the files."""

from ytarchive.common.contract import Contract
from ytarchive.common.database import Database
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.content.api import ContentAPI
from ytarchive.storage.content.service import ContentService
from ytarchive.storage.history.api import HistoryAPI
from ytarchive.storage.history.service import HistoryService
from ytarchive.storage.library.repository import Library
from ytarchive.storage.marks.api import MarksAPI
from ytarchive.storage.marks.service import MarksService
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore


def subjects_of(
    database: Database, layout: Layout, store: MediaStore, changes: Changes, watch: ArchiveWatch
) -> dict[type[Contract], Contract]:
    """Return the implementations by contract."""
    return {
        HistoryAPI: HistoryService(layout, changes, watch),
        ContentAPI: ContentService(Library(database, layout), layout, store, watch),
        MarksAPI: MarksService(database, layout, changes, watch),
    }
