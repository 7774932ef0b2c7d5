"""The findings of the verification, and the rows of the files that it checks.

A damaged row becomes a finding too.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ytarchive.common.cursors import refused_cursor
from ytarchive.common.database import Database, Row, Transaction, Writer
from ytarchive.common.events import VideoChanged, publish
from ytarchive.common.file_names import file_name
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page, to_micros, utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.rows import all_readable, fields_of
from ytarchive.storage.library.rows import file_row, stored_profile
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import VIDEO_ID, recorded_quality
from ytarchive.storage.verify.checks import FileProblem, RegisteredFile, video_folder
from ytarchive.storage.verify.models import Finding, FindingKind, FindingQuery

_AT_ONCE = 500


_DIGEST_BYTES = 32
_REMEDY = "run `ytarchive rebuild`, which rebuilds the library from the archive's files"


def id_of(row: Row) -> str | None:
    """Return the video id of a row, which has it as bytes; None if it is damaged."""
    text = bytes(row["video_id"]).decode("ascii", "replace")
    return text if VIDEO_ID.fullmatch(text) else None


def damaged_id(row: Row) -> FileProblem:
    """Return the finding for a video whose id is damaged."""
    return _damaged(f"videos, number {row['number']}", f"the id is {_shown(row['video_id'])}")


def video_without_media(row: Row) -> FileProblem:
    """Return the finding for a stored video without a registered media file."""
    video = f"videos, number {row['number']}"
    return _damaged(video, f"the media of {_shown(row['video_id'])} is not in the table of files")


def files_without_video(row: Row) -> FileProblem:
    """Return the finding for registered files whose video is not registered."""
    return _damaged(f"files of {_shown(row['video_id'])}", "their video is not in the library")


def file_of(row: Row) -> RegisteredFile | FileProblem:
    """Return a registered file, or the finding for its damaged row."""
    try:
        video_id, path, role = (row[name].decode() for name in ("video_id", "path", "role"))
    except (UnicodeDecodeError, AttributeError):
        return _damaged(f"files, path {_shown(row['path'])}", "its text is not UTF-8")
    size, digest = row["size_bytes"], row["sha256"]
    if not isinstance(size, int) or not isinstance(digest, bytes) or len(digest) != _DIGEST_BYTES:
        return _damaged(f"files, path {_shown(row['path'])}", "its size or digest is no such value")
    return RegisteredFile(video_id, path, role, size, digest)


def _damaged(row: str, cause: str) -> FileProblem:
    detail = f"{cause}; {_REMEDY}"
    return FileProblem("", f"library.db: {row}", FindingKind.UNREADABLE_ROW, detail)


def _shown(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else repr(value)


@dataclass(frozen=True)
class Copy:
    """Another media file of a video that was stored more than once; `path` in the archive."""

    path: str
    quality: str | None


class Findings:
    """The tables of the verification, and the files that it checks.

    Results are recorded only if the archive is still present after the check; otherwise
    ArchiveMissing is raised.
    """

    def __init__(self, database: Database, watch: ArchiveWatch) -> None:
        self._database = database
        self.watch = watch

    async def videos_after(self, cursor: int) -> list[Row]:
        """Return the next videos: `number`, and `video_id` as bytes."""
        page = {"cursor": cursor, "limit": _AT_ONCE}
        return await self._database.fetch_all("next_videos", page)

    async def files_and_damage(
        self, video_ids: Collection[str]
    ) -> tuple[dict[str, list[RegisteredFile]], list[FileProblem]]:
        """Return the registered files of videos that have any, and the rows that cannot be read."""
        asked = {"video_ids": json.dumps(list(video_ids))}
        found: dict[str, list[RegisteredFile]] = {}
        damaged: list[FileProblem] = []
        for row in await self._database.fetch_all("files_of", asked):
            file = file_of(row)
            if isinstance(file, FileProblem):
                damaged.append(file)
            else:
                found.setdefault(file.video_id, []).append(file)
        return found, damaged

    async def broken_relations(self) -> list[FileProblem]:
        """Return videos and files without matching rows. Scans the rows of all files."""
        page = {"limit": _AT_ONCE}
        videos = await self._database.fetch_all("videos_without_media", page)
        files = await self._database.fetch_all("files_without_video", page)
        return [*map(video_without_media, videos), *map(files_without_video, files)]

    async def folders_known(self, parent: str, names: Iterable[str]) -> set[str]:
        """Return the names below `parent` that are folders of stored videos."""
        asked = {"parent": parent, "video_ids": json.dumps(list(names))}
        rows = await self._database.fetch_all("folders_known", asked)
        return {row["video_id"] for row in rows}

    async def paths_known(self, paths: Collection[str]) -> set[str]:
        """Return the paths that are registered. Scans the rows of all files."""
        if not paths:
            return set()
        rows = await self._database.fetch_all("paths_known", {"paths": json.dumps(list(paths))})
        return {row["path"] for row in rows}

    async def record(self, problems: Iterable[FileProblem]) -> None:
        """Record problems as findings."""
        rows = list(map(_finding_row, problems))
        await self._keep(lambda writer: writer.execute_many("upsert_finding", rows))
        for video_id in {row["video_id"] for row in rows if row["kind"].is_loss}:
            publish(VideoChanged(video_id=video_id, change="damaged"))

    async def remove_findings(self, paths: Iterable[str]) -> None:
        """Delete the findings of files that are intact again."""
        rows = [{"path": path} for path in paths]
        await self._keep(lambda writer: writer.execute_many("delete_finding", rows))

    async def remove_file(
        self, problem: FileProblem, quarantine_path: str | None, copy: Copy | None
    ) -> None:
        """Register a file as no longer stored; if it is the media, `copy` becomes the media."""
        row = {
            "video_id": problem.video_id,
            "path": problem.path,
            "copy": copy.path if copy else None,
            "copy_quality": recorded_quality(copy.path, copy.quality) if copy else None,
        }

        def transaction(writer: Writer) -> None:
            writer.execute("upsert_finding", _finding_row(problem))
            writer.execute("delete_file", row)
            writer.execute("forget_media", row)
            removed = {"path": problem.path, "quarantine_path": quarantine_path}
            writer.execute("mark_removed", removed)

        await self._keep(transaction)

    async def register_checksums(self, video_id: str, path: str, file: StoredFile) -> None:
        """Register a list of digests that was written again."""
        row = file_row(video_id, path, file)

        def transaction(writer: Writer) -> None:
            writer.execute("upsert_file", row)
            writer.execute("delete_finding", {"path": path})

        await self._keep(transaction)

    async def unhandled(self, cursor: bytes) -> tuple[list[FileProblem], bytes | None]:
        """Return the next findings not taken out, without details, and the cursor after them."""
        page = {"cursor": cursor, "limit": _AT_ONCE}
        rows = await self._database.fetch_all("untreated_findings", page)
        return all_readable(rows, _problem, _name), rows[-1]["place"] if rows else None

    async def page(self, query: FindingQuery) -> Page[Finding]:
        """Return findings by path. Raises InvalidRequest for a cursor of another list."""
        after = _place(query.cursor)

        async def fetch(count: int) -> list[Row]:
            return await self._database.fetch_all(
                "list_findings", {"cursor": after, "limit": count}
            )

        return await _FINDINGS.page(query.limit, fetch)

    async def _keep(self, transaction: Transaction[object]) -> None:
        await self.watch.require()
        await self._database.write(transaction)


def _place(cursor: str | None) -> bytes:
    try:
        return bytes.fromhex(cursor or "")
    except ValueError:
        raise refused_cursor() from None


def _name(row: Row) -> str:
    return f"finding {row['path']}"


def _problem(row: Row) -> FileProblem:
    return FileProblem(row["video_id"], row["path"], FindingKind(row["kind"]), "")


def _finding_row(problem: FileProblem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "video_id": problem.video_id,
        "kind": problem.kind,
        "detail": problem.detail,
        "now": to_micros(utc_now()),
    }


def _finding(row: Row) -> Finding:
    folder = video_folder(row["path"], row["video_id"]) if row["video_id"] else None
    quarantined = row["quarantine_path"]
    named = {
        "path": file_name(row["path"]),
        "video_id": row["video_id"] or None,
        "profile": stored_profile(row["asked"]),
        "quarantine_path": file_name(quarantined) if quarantined else None,
        "output_path": file_name(folder.rpartition("/")[0]) or None if folder else None,
    }
    return Finding(**fields_of(Finding, row) | named)


_FINDINGS = Listing(
    name=_name,
    place=lambda row: row["place"],
    read=read_alone(_finding, _name),
    cursor=lambda place: place.hex(),
)
