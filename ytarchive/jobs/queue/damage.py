"""Ends jobs and videos whose rows in jobs.db are damaged.

A job or video with an unreadable row can neither be processed nor skipped: the queue would read it
again and again. At the start such a row gets a result that names the damage.
"""

from loguru import logger

from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.rows import UNREADABLE
from ytarchive.jobs.queue.models import JobType
from ytarchive.jobs.queue.rows import head_of, job_of, now_micros

log = logger.bind(service="jobs")

_BEYOND = 2**40
"""The limit of counters; larger values are damage."""
_COUNTERS = ("total", "success", "skipped", "failed", "unavailable", "cancelled", "known")
_WHY = "its row in jobs.db was damaged; `ytarchive restore` brings a backup back"


async def end_damaged_rows(database: Database) -> None:
    """Store a result for waiting jobs and videos with unreadable rows."""
    now = now_micros()
    rows = await database.fetch_all("open_jobs_with_bytes")
    damaged = [row for row in rows if not _is_readable(row)]
    for row in damaged:
        log.error("job {}: {}", row["id"], _WHY)

    counts = await database.fetch_all("count_jobs_by_status")

    def end(writer: Writer) -> int:
        if not all(0 <= row["jobs"] < _BEYOND for row in counts):
            writer.execute("forget_counts")
            writer.execute("count_jobs_again")
        for row in damaged:
            writer.execute("end_damaged_job", _repaired(row, now))
        return writer.execute("end_damaged_videos", {"message": _WHY, "now": now})

    if videos := await database.write(end):
        log.error("{} videos of jobs have failed: {}", videos, _WHY)


def _is_readable(row: Row) -> bool:
    try:
        head_of(row)
        job_of(row, [], [])
        counted = (row[name] for name in _COUNTERS)
        return row["raw_id"].isascii() and all(0 <= number < _BEYOND for number in counted)
    except UNREADABLE:
        return False


def _repaired(row: Row, now: int) -> dict[str, object]:
    kind = row["type"] if row["type"] in set(JobType) else JobType.VIDEO_DOWNLOAD
    return {"raw_id": row["raw_id"], "type": kind, "error": _WHY, "now": now}
