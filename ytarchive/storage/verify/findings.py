"""What the verification found, what was taken out, and the rows of the files that it looks at."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.models import Page, from_micros, to_micros, utc_now
from ytarchive.storage.intake import StoredFile
from ytarchive.storage.layout import Role
from ytarchive.storage.verify.checks import RegisteredFile, Trouble, video_folder
from ytarchive.storage.verify.models import (
    Finding,
    FindingKind,
    FindingQuery,
)

_AT_ONCE = 500


@dataclass(frozen=True)
class Copy:
    """Another media file of a video, from another time it was stored; `path` in the archive."""

    path: str
    quality: str | None


class Findings:
    """The tables of the verification, and the files that it looks at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def videos_after(self, cursor: str) -> list[str]:
        """The next videos' ids."""
        page = {"cursor": cursor, "limit": _AT_ONCE}
        return [row["video_id"] for row in await self._database.fetch_all("next_videos", page)]

    async def files_of(self, video_ids: Collection[str]) -> dict[str, list[RegisteredFile]]:
        """The registered files of videos that have any, in the order of the ids."""
        asked = {"video_ids": json.dumps(list(video_ids))}
        found: dict[str, list[RegisteredFile]] = {}
        for row in await self._database.fetch_all("files_of", asked):
            found.setdefault(row["video_id"], []).append(RegisteredFile(**dict(row)))
        return found

    async def folders_known(self, parent: str, names: Iterable[str]) -> set[str]:
        """Those of the names below `parent` that are folders of stored videos."""
        asked = {"parent": parent, "video_ids": json.dumps(list(names))}
        rows = await self._database.fetch_all("folders_known", asked)
        return {row["video_id"] for row in rows}

    async def paths_known(self, paths: Collection[str]) -> set[str]:
        """Those of the paths that are registered. It costs a look at every file."""
        if not paths:
            return set()
        rows = await self._database.fetch_all("paths_known", {"paths": json.dumps(list(paths))})
        return {row["path"] for row in rows}

    async def record(self, troubles: Iterable[Trouble]) -> None:
        """Keep what was found."""
        rows = list(map(_finding_row, troubles))
        await self._database.write(lambda writer: writer.execute_many("upsert_finding", rows))

    async def settle(self, paths: Iterable[str]) -> None:
        """Forget findings of files that are as they should be."""
        rows = [{"path": path} for path in paths]
        await self._database.write(lambda writer: writer.execute_many("delete_finding", rows))

    async def take_out(
        self, trouble: Trouble, quarantine_path: str | None, copy: Copy | None
    ) -> None:
        """Count a file as not stored any more; if it is the video itself, `copy` is it now."""
        row = {
            "video_id": trouble.video_id,
            "path": trouble.path,
            "copy": copy.path if copy else None,
            "copy_quality": copy.quality if copy else None,
        }

        def transaction(writer: Writer) -> None:
            writer.execute("delete_file", row)
            writer.execute("upsert_finding", _finding_row(trouble))
            writer.execute("forget_media", row)
            removed = {"path": trouble.path, "quarantine_path": quarantine_path}
            writer.execute("mark_removed", removed)

        await self._database.write(transaction)

    async def register_checksums(self, video_id: str, path: str, file: StoredFile) -> None:
        """Register a list of digests that was written anew."""
        row = {
            "video_id": video_id,
            "path": path,
            "role": Role.CHECKSUMS.value,
            "size_bytes": file.size_bytes,
            "sha256": bytes.fromhex(file.sha256),
        }

        def transaction(writer: Writer) -> None:
            writer.execute("upsert_file", row)
            writer.execute("delete_finding", {"path": path})

        await self._database.write(transaction)

    async def untreated(self, cursor: str) -> list[Trouble]:
        """The next findings that were not taken out; without details."""
        page = {"cursor": cursor, "limit": _AT_ONCE}
        rows = await self._database.fetch_all("untreated_findings", page)
        return [Trouble(r["video_id"], r["path"], FindingKind(r["kind"]), "") for r in rows]

    async def page(self, query: FindingQuery) -> Page[Finding]:
        """Findings by path."""
        page = {"cursor": query.cursor or "", "limit": query.limit + 1}
        rows = await self._database.fetch_all("list_findings", page)
        items = [_finding(row) for row in rows[: query.limit]]
        return Page(items=items, next_cursor=items[-1].path if len(rows) > query.limit else None)


def _finding_row(trouble: Trouble) -> dict[str, Any]:
    return {
        "path": trouble.path,
        "video_id": trouble.video_id,
        "kind": trouble.kind,
        "detail": trouble.detail,
        "now": to_micros(utc_now()),
    }


def _finding(row: Row) -> Finding:
    folder = video_folder(row["path"], row["video_id"]) if row["video_id"] else None
    return Finding(
        path=row["path"],
        kind=row["kind"],
        video_id=row["video_id"] or None,
        detail=row["detail"],
        found_at=from_micros(row["found_at"]),
        is_removed=bool(row["is_removed"]),
        quarantine_path=row["quarantine_path"],
        output_path=folder.rpartition("/")[0] or None if folder else None,
        quality=row["quality"],
    )
