"""Stores work plans in the database, and as JSON files for users."""

import asyncio
import json
from typing import TypeVar

from loguru import logger
from pydantic import TypeAdapter

from ytarchive.common.cursors import id_cursor, require_id_cursor
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import Conflict, NotFound, YTArchiveError
from ytarchive.common.filesystem import entries
from ytarchive.common.identifiers import OpaqueId, new_id
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Model, Page, to_micros, utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.rows import UNREADABLE, all_readable, fields_of, moment_of
from ytarchive.storage.store import files
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.watching import WatchedOperations, databases_only
from ytarchive.storage.work_plans.api import WorkPlansAPI
from ytarchive.storage.work_plans.models import (
    FailedDownload,
    PlanEntry,
    UnavailableVideo,
    WorkPlan,
    WorkPlanQuery,
    WorkPlanRequest,
)

log = logger.bind(service="storage")

M = TypeVar("M", bound=Model)
_OPAQUE: TypeAdapter[str] = TypeAdapter(OpaqueId)


class WorkPlans(WatchedOperations, WorkPlansAPI):
    """The work plans. The database is authoritative; each plan's file shows its newest state."""

    def __init__(
        self, database: Database, layout: Layout, changes: Changes, watch: ArchiveWatch
    ) -> None:
        super().__init__(watch)
        self._changes = changes
        self._database = database
        self._layout = layout
        self._writing = asyncio.Lock()

    async def create_work_plan(self, request: WorkPlanRequest) -> WorkPlan:
        plan = await self._changes.run_to_end(self._create(request))
        log.info("work plan {}: {} videos to review", plan.id, plan.missing)
        return plan

    async def _create(self, request: WorkPlanRequest) -> WorkPlan:
        """Create or extend a plan. It is durable before its file is written."""
        row, removed = await self._database.write(lambda writer: _extend(writer, request))
        plan = await self._write_file(row)
        for name in removed:
            path = self._layout.plan_file(name)
            with os_errors(path):
                await asyncio.to_thread(path.unlink, missing_ok=True)
        return plan

    @databases_only
    async def get_work_plan(self, plan_id: str) -> WorkPlan:
        row = await self._database.fetch_one("get_plan", {"plan_id": plan_id})
        if row is None:
            raise NotFound(f"there is no work plan {plan_id}")
        return self._plan(row, await self._database.fetch_all("plan_entries", {"plan_id": plan_id}))

    @databases_only
    async def list_work_plans(self, request: WorkPlanQuery) -> Page[PlanEntry]:
        require_id_cursor(request.cursor)

        async def fetch(count: int) -> list[Row]:
            parameters = request.model_dump() | {"limit": count}
            return await self._database.fetch_all("list_plans", parameters)

        return await _PLANS.page(request.limit, fetch)

    async def resolve(self, video_id: str) -> None:
        """Remove a stored video from all plans. If a plan cannot be written, only log that."""
        try:
            for row in await self._database.fetch_all("plans_with_video", {"video_id": video_id}):
                await self._create(
                    WorkPlanRequest(plan_id=row["plan_id"], resolved_video_ids=[video_id])
                )
        except YTArchiveError as error:
            log.warning("{}: a work plan still counts it as missing: {}", video_id, error.message)

    async def resolve_stored(self) -> None:
        """Remove the stored videos that a crash left in a plan."""
        for row in await self._database.fetch_all("stored_entries"):
            await self.resolve(row["video_id"])

    async def write_missing_files(self) -> None:
        """Write the files of plans that are missing or older than the plan."""
        folder = self._layout.plan_file("")
        names = await asyncio.to_thread(lambda: {path.name for path in entries(folder)})
        for row in await self._database.fetch_all("plan_files"):
            if not row["is_current"] or row["file_name"] not in names:
                try:
                    await self._write_file(row)
                except (YTArchiveError, *UNREADABLE) as error:
                    log.error("work plan {}: its file is not written: {}", row["plan_id"], error)

    async def _write_file(self, row: Row) -> WorkPlan:
        """Write a plan's newest state; one at a time, so that no older state is written last."""
        async with self._writing:
            plan = await self.get_work_plan(row["plan_id"])
            file = self._layout.plan_file(row["file_name"])
            # The archive may be moved, so the file does not contain its own path.
            content = plan.model_dump_json(indent=2, exclude={"path"}).encode()
            await asyncio.to_thread(files.write_atomically, file, content, self._layout.scratch)
            written = {"plan_id": plan.id, "updated_at": to_micros(plan.updated_at)}
            await self._database.execute("plan_written", written)
        return plan

    def _plan(self, row: Row, entries: list[Row]) -> WorkPlan:
        return WorkPlan(
            **fields_of(WorkPlan, row),
            id=row["plan_id"],
            path=str(self._layout.plan_file(row["file_name"])),
            unavailable_videos=_entries(entries, "unavailable", UnavailableVideo),
            failed_downloads=_entries(entries, "failed", FailedDownload),
        )


def _extend(writer: Writer, request: WorkPlanRequest) -> tuple[Row, list[str]]:
    """Execute `create` in a transaction. Return the plan's row and the files of merged plans."""
    plan_id = _chosen_plan(writer, request) or _new_plan(writer, request.job_id)
    removed = _merge(writer, plan_id, request.merged_plan_ids)
    if request.playlist_id is not None:
        _give_to_list(writer, plan_id, request)
    totals = request.model_dump(include={"total_videos", "successful_videos"})
    resolved = json.dumps(request.resolved_video_ids)
    writer.execute("delete_entries", {"plan_id": plan_id, "video_ids": resolved})
    writer.execute_many("upsert_entry", entry_rows(plan_id, request))
    writer.execute("update_plan", totals | {"plan_id": plan_id, "now": to_micros(utc_now())})
    [row] = writer.fetch_all("get_plan", {"plan_id": plan_id})
    return row, removed


def _merge(writer: Writer, plan_id: str, merged: list[str]) -> list[str]:
    """Move the entries of other plans into a plan. Return the files of the removed plans."""
    values = {"plan_id": plan_id, "plan_ids": json.dumps(merged)}
    files = [row["file_name"] for row in writer.fetch_all("plans_to_merge", values)]
    if files:
        for statement in ("merge_entries", "remove_entries", "remove_plans"):
            writer.execute(statement, values)
        log.info("work plan {}: {} older plans of its list merged", plan_id, len(files))
    return files


def _give_to_list(writer: Writer, plan_id: str, request: WorkPlanRequest) -> None:
    """Assign a plan to its list, if that has none yet, and to the list's latest job."""
    owner = request.model_dump(include={"playlist_id", "metadata_only", "job_id"})
    if writer.fetch_one("plan_of_list", owner) is None:
        writer.execute("give_plan_to_list", owner | {"plan_id": plan_id})
    if request.job_id is not None:
        writer.execute("give_plan", {"plan_id": plan_id, "job_id": request.job_id})


def _chosen_plan(writer: Writer, request: WorkPlanRequest) -> str | None:
    """Return the plan to extend: the named one, the list's or the job's; None if there is none."""
    of_list = (
        writer.fetch_one("plan_of_list", request.model_dump()) if request.playlist_id else None
    )
    if request.plan_id is None and of_list is not None:
        return str(of_list["plan_id"])
    of_job = writer.fetch_one("plan_of_job", {"job_id": request.job_id}) if request.job_id else None
    if request.plan_id is None:
        return str(of_job["plan_id"]) if of_job else None
    if writer.fetch_one("get_plan", {"plan_id": request.plan_id}) is None:
        raise NotFound(f"there is no work plan {request.plan_id}")
    if of_job is not None and of_job["plan_id"] != request.plan_id:
        raise Conflict(f"job {request.job_id} has the work plan {of_job['plan_id']}")
    if of_job is None and request.job_id is not None:
        writer.execute("give_plan", {"plan_id": request.plan_id, "job_id": request.job_id})
    return request.plan_id


def _new_plan(writer: Writer, job_id: str | None) -> str:
    now = utc_now()
    time = f"{now:%Y%m%dT%H%M%SZ}"
    [row] = writer.fetch_all("count_plans_named", {"time": time})
    suffix = f"-{row['plans'] + 1}" if row["plans"] else ""
    plan = {
        "plan_id": new_id(),
        "job_id": job_id,
        "file_name": f"{time}{suffix}_plan.json",
        "now": to_micros(now),
    }
    writer.execute("insert_plan", plan)
    return str(plan["plan_id"])


def entry_rows(plan_id: str, request: WorkPlanRequest | WorkPlan) -> list[dict[str, str | int]]:
    """Return the rows of the entries of a plan or a request."""
    kinds = (("failed", request.failed_downloads), ("unavailable", request.unavailable_videos))
    return [
        {
            "plan_id": plan_id,
            "video_id": entry.video_id,
            "kind": kind,
            "entry": entry.model_dump_json(exclude={"added_at"}),
            "added_at": to_micros(entry.added_at or utc_now()),
        }
        for kind, entries in kinds
        for entry in entries
    ]


def _entries(rows: list[Row], kind: str, model: type[M]) -> list[M]:
    """Return the entries of a kind; leave out and report entries with damaged rows."""

    def read(row: Row) -> M:
        # entries of early versions have no time
        added = {"added_at": moment_of(row["added_at"] or None)}
        return model.model_validate_json(row["entry"]).model_copy(update=added)

    own = (row for row in rows if row["kind"] == kind)
    return all_readable(
        own, read, lambda row: f"video {row['video_id']} of work plan {row['plan_id']}"
    )


def _headline(row: Row) -> PlanEntry:
    return PlanEntry(**fields_of(PlanEntry, row), id=_OPAQUE.validate_python(row["plan_id"]))


def _name(row: Row) -> str:
    return f"work plan {row['plan_id']}"


_PLANS = Listing(
    name=_name, place=lambda row: id_cursor(row["plan_id"]), read=read_alone(_headline, _name)
)
