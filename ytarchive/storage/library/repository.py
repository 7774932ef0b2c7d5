"""The library's rows. Paths are stored relative to the archive and returned as absolute."""

import json
from collections.abc import Sequence
from pathlib import PurePosixPath

from pydantic import TypeAdapter

from ytarchive.common.archived_files import ArchivedFile, Role
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.errors import NotFound
from ytarchive.common.json_text import dumped, read_json
from ytarchive.common.media import PlaylistMetadata, VideoMetadata
from ytarchive.common.models import from_micros, to_micros, utc_now
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.rows import all_readable, moment_of, readable
from ytarchive.common.schema import Schema
from ytarchive.common.telemetry import STORED_BYTES, STORED_VIDEOS
from ytarchive.storage.bins.models import TrashItem
from ytarchive.storage.library.models import StorageLocation
from ytarchive.storage.library.records import FileSet, Move, NotToFetch, Registered
from ytarchive.storage.library.rows import (
    file_rows,
    media_row,
    metadata_file_row,
    metadata_row,
    missing_json,
    playlist_row,
    profile_json,
    stored_file,
    stored_profile,
)
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.manifest import Facts

SCHEMA = Schema(package="ytarchive.storage", durable=True, file="library.db")

_FILES = TypeAdapter(list[StoredFile])
_SIDE_FILES = TypeAdapter(list[ArchivedFile])
_ITEMS = TypeAdapter(list[TrashItem])


class Library:
    """The tables of videos, their files, playlists, and unfinished moves."""

    def __init__(self, database: Database, layout: Layout) -> None:
        self._database = database
        self._layout = layout

    async def save_metadata(self, metadata: VideoMetadata, content: bytes) -> StorageLocation:
        """Store the metadata fields for lists and searches, and the file's digest.

        Return where the video is stored.
        """
        row = metadata_row(metadata) | {"now": to_micros(utc_now())}
        file = metadata_file_row(metadata.video_id, content, self._layout)

        def save(writer: Writer) -> Row | None:
            writer.execute("upsert_metadata", row)
            writer.execute("upsert_file", file)
            writer.execute("delete_finding", {"path": file["path"]})
            return writer.fetch_one("get_video", {"video_id": metadata.video_id})

        saved = await self._database.write(save)
        assert saved is not None  # noqa: S101  # it was written in this transaction
        return self._location(saved)

    async def digest_of(self, video_id: str, path: str) -> str | None:
        """Return the registered SHA-256 of the file `path` in the archive, in hexadecimal."""
        row = await self._database.fetch_one("get_digest", {"video_id": video_id, "path": path})
        return bytes(row["sha256"]).hex() if row else None

    async def save_playlist(self, playlist: PlaylistMetadata) -> None:
        """Store a playlist's summary."""
        now = {"now": to_micros(utc_now())}
        await self._database.execute("upsert_playlist", playlist_row(playlist) | now)

    async def begin_move(self, move: Move) -> None:
        """Record durably that a video is about to be moved."""
        parameters = {
            "video_id": move.files.video_id,
            "staged_path": move.staged,
            "target_path": move.files.folder,
            "quality": move.files.facts.quality,
            "files": dumped(_FILES, move.files.files).decode(),
            "missing": json.dumps(move.files.facts.missing),
            "profile": profile_json(move.files.facts.profile),
            "stored_at": move.files.facts.stored_at and to_micros(move.files.facts.stored_at),
            "adds": move.files.adds,
            "displaced": _ITEMS.dump_json(move.displaced).decode(),
        }
        await self._database.execute("begin_move", parameters)

    async def forget_move(self, video_id: str) -> None:
        """Delete the record of a move that was not executed."""
        await self._database.execute("end_move", {"video_id": video_id})

    async def move_of(self, video_id: str) -> Move | None:
        """Return the unfinished move of a video."""
        row = await self._database.fetch_one("get_move", {"video_id": video_id})
        return self._move(row) if row else None

    async def moves(self) -> list[Move]:
        """Return all unfinished moves."""
        rows = await self._database.fetch_all("list_moves")
        return all_readable(rows, self._move, lambda row: f"the move of video {row['video_id']}")

    async def register(self, stored: FileSet, displaced: Sequence[TrashItem] = ()) -> None:
        """Register a video and its files, and end its move, in one transaction.

        `displaced`: files moved out of the folder, which are no longer registered.
        """
        video = media_row(stored, stored.media.name, to_micros(utc_now()))
        rows = file_rows(stored)
        gone = [
            {"video_id": stored.video_id, "path": file.path}
            for item in displaced
            for file in item.files
        ]

        def transaction(writer: Writer) -> Row:
            writer.execute("add_profile", video)
            writer.execute("upsert_media" if stored.adds is None else "set_missing", video)
            writer.execute_many("delete_file", gone)
            writer.execute_many("upsert_file", rows)
            writer.execute("end_move", {"video_id": stored.video_id})
            if stored.adds is not None:  # findings about the media are still valid
                made = [row for row in rows if row["role"] in {Role.MANIFEST, Role.CHECKSUMS}]
                added = [{"path": row["path"]} for row in [*gone, *rows[: stored.adds], *made]]
                writer.execute_many("delete_finding", added)
            else:
                writer.execute("delete_findings_of", {"video_id": stored.video_id})
            return writer.fetch_all("totals")[0]

        _measure(await self._database.write(transaction))

    async def set_missing(
        self, video_id: str, missing: list[str], profile: ArchiveProfile | None
    ) -> None:
        """Record which files of a stored video YouTube did not provide, and what was requested.

        `profile`: None leaves the recorded one.
        """
        row = {
            "video_id": video_id,
            "missing": missing_json(missing),
            "profile": profile_json(profile),
        }

        def record(writer: Writer) -> None:
            writer.execute("add_profile", row)
            writer.execute("set_missing", row)

        await self._database.write(record)

    async def files_of(self, video_id: str, folder: str | None = None) -> list[StoredFile]:
        """Return a video's registered files in a folder, the media first.

        Without a folder: those in all folders, named by their keys.
        """
        asked = {"video_id": video_id, "folder": folder}
        query = "video_files" if folder is None else "files_beside"
        rows = await self._database.fetch_all(query, asked)
        return [stored_file(row, row["path"].removeprefix(f"{folder}/")) for row in rows]

    async def location(self, video_id: str) -> StorageLocation:
        """Return where a video is registered. Raises NotFound if nothing of it is."""
        row = await self._database.fetch_one("get_video", {"video_id": video_id})
        is_known = row and any(row[name] for name in ("media_path", "stored_at", "metadata_at"))
        location = readable(row, self._location, f"video {video_id}") if row and is_known else None
        if location is None:
            raise NotFound(f"nothing is stored of {video_id}")
        return location

    async def stored_among(self, video_ids: list[str]) -> tuple[dict[str, Registered], NotToFetch]:
        """Return the videos whose media is registered, and those that lists do not fetch."""
        parameters = {"video_ids": json.dumps(video_ids)}
        rows = await self._database.fetch_all("stored_among", parameters)
        stored = [row for row in rows if row["media_path"] is not None]
        found = all_readable(stored, self._registered, lambda row: f"video {row['video_id']}")
        places = {row["video_id"]: row["known_elsewhere"] for row in rows if row["known_elsewhere"]}
        removed = {row["video_id"] for row in rows if row["removed"]}
        return dict(found), NotToFetch(removed, places)

    async def totals(self) -> Row:
        """Return the totals of the archive."""
        [row] = await self._database.fetch_all("totals")
        return row

    async def measure(self) -> None:
        """Set the metrics of stored videos and bytes."""
        [row] = await self._database.fetch_all("totals")
        _measure(row)

    def _registered(self, row: Row) -> tuple[str, Registered]:
        media = row["media_path"]
        found = Registered(
            media,
            is_complete=not row["is_incomplete"],
            is_damaged=bool(row["is_damaged"]),
            quality=row["quality"],
            profile=stored_profile(row["asked"]),
        )
        return row["video_id"], found

    def _move(self, row: Row) -> Move:
        stored = FileSet(
            video_id=row["video_id"],
            folder=row["target_path"],
            files=_FILES.validate_python(read_json(row["files"].encode())),
            facts=Facts(
                row["quality"],
                json.loads(row["missing"]),
                stored_profile(row["profile"]),
                stored_at=moment_of(row["stored_at"]),
            ),
            adds=row["adds"],
        )
        displaced = _ITEMS.validate_json(row["displaced"])
        return Move(row["staged_path"], stored, displaced)

    def _location(self, video: Row) -> StorageLocation:
        media = PurePosixPath(video["media_path"]) if video["media_path"] else None
        side_files = sorted(
            _SIDE_FILES.validate_json(video["sidecars"]), key=lambda each: each.name
        )
        if media is not None:  # an earlier download may have left others in another folder
            side_files = [
                each for each in side_files if PurePosixPath(each.name).is_relative_to(media.parent)
            ]
        thumbnails = [each for each in side_files if each.role is Role.THUMBNAIL]
        captions = [each for each in side_files if each.role is Role.CAPTIONS]
        return StorageLocation(
            video_id=video["video_id"],
            video_path=self._shown(media),
            metadata_path=str(self._layout.metadata_file(video["video_id"])),
            thumbnail_path=self._shown(PurePosixPath(thumbnails[0].name) if thumbnails else None),
            captions_dir=self._shown(PurePosixPath(captions[0].name).parent if captions else None),
            captions=list(dict.fromkeys(filter(None, (each.language for each in captions)))),
            side_files=sorted({each.side_file for each in side_files if each.side_file}),
            profile=stored_profile(video["asked"]),
            size_bytes=video["size_bytes"],
            stored_at=from_micros(video["stored_at"] or video["metadata_at"]),
            quality=video["quality"],
            missing=json.loads(video["missing"] or "[]"),
            damaged=sorted(json.loads(video["damaged"])),
        )

    def _shown(self, key: PurePosixPath | None) -> str | None:
        return self._layout.shown(str(key)) if key else None


def _measure(totals: Row) -> None:
    STORED_VIDEOS.set(totals["videos"])
    STORED_BYTES.set(totals["size_bytes"])
