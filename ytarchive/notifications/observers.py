"""Observers: each compares the archive with what it has seen, and reports the difference.

An observer returns its new state as JSON. The first run reports nothing: it records the present.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic_core import from_json, to_json

from ytarchive.common.contract import Contract
from ytarchive.common.errors import NotFound
from ytarchive.common.models import every_item, utc_now
from ytarchive.common.notification_settings import NotificationKind
from ytarchive.download import DownloadAPI
from ytarchive.jobs import GovernorAPI, Job, JobQuery, JobsAPI, JobStatus
from ytarchive.notifications.digests import NewVideos, RemovedVideos, Seen
from ytarchive.notifications.models import Message
from ytarchive.retention import RetentionAPI
from ytarchive.storage import (
    PassState,
    StorageAPI,
    VerificationAPI,
)
from ytarchive.subscriptions import Subscription, SubscriptionsAPI, SubscriptionsQuery

C = TypeVar("C", bound=Contract)
Contracts = Callable[[type[C]], C]
"""Returns the implementation of a contract."""


class Observer(Protocol):
    """Reports one kind of change."""

    name: ClassVar[str]
    kinds: ClassVar[frozenset[NotificationKind]]

    async def observe(self, seen: Seen | None) -> tuple[Seen, list[Message]]:
        """Return the present state and what has changed since `seen`; None at the first run."""


def read(state: str | None) -> Seen | None:
    """Return a recorded state."""
    return None if state is None else dict(from_json(state))


def written(seen: Seen) -> str:
    """Return a state as it is recorded."""
    return to_json(seen).decode()


class EndedJobs:
    """Reports jobs that ended with problems."""

    name: ClassVar[str] = "ended jobs"
    kinds: ClassVar[frozenset[NotificationKind]] = frozenset({NotificationKind.JOB_PROBLEMS})

    def __init__(self, jobs: JobsAPI) -> None:
        self._jobs = jobs

    async def observe(self, seen: Seen | None) -> tuple[Seen, list[Message]]:
        """Report the jobs that ended since the last run with problems."""
        now = utc_now()
        open_ids = {
            job.id
            for status in (JobStatus.PENDING, JobStatus.RUNNING)
            async for job in every_item(
                self._jobs.list_jobs, JobQuery(status=status, limit=500, expand=False)
            )
        }
        state = {"until": now.isoformat(), "open": sorted(open_ids)}
        if seen is None:
            return state, []
        ended = [await self._job(each) for each in seen["open"] if each not in open_ids]
        since = datetime.fromisoformat(seen["until"])
        async for job in every_item(self._jobs.list_jobs, JobQuery(expand=False)):
            if job.created_at <= since:
                break
            if job.id not in seen["open"]:
                ended.append(job)
        return state, [_ended(job) for job in ended if job and _has_problems(job)]

    async def _job(self, job_id: str) -> Job | None:
        try:
            return await self._jobs.get_job(job_id, JobQuery(expand=False))
        except NotFound:
            return None


def _has_problems(job: Job) -> bool:
    return job.status is JobStatus.FAILED or (
        job.status is JobStatus.COMPLETED and bool(job.progress.failed or job.error)
    )


def _ended(job: Job) -> Message:
    progress = job.progress
    counts = {
        "stored": progress.succeeded,
        "failed": progress.failed,
        "not available": progress.unavailable,
        "skipped": progress.skipped,
    }
    summary = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    lines = [summary, job.error, f"Show it: ytarchive jobs show {job.id}"]
    title = f"{job.title or f'Job {job.id[:8]}'} ended with problems"
    return Message(NotificationKind.JOB_PROBLEMS, title, "\n".join(filter(None, lines)))


class Requests:
    """Reports that YouTube blocks requests, and that they are sent again."""

    name: ClassVar[str] = "requests"
    kinds: ClassVar[frozenset[NotificationKind]] = frozenset(
        {NotificationKind.REQUESTS_BLOCKED, NotificationKind.REQUESTS_RESUMED}
    )

    def __init__(self, governor: GovernorAPI) -> None:
        self._governor = governor

    async def observe(self, seen: Seen | None) -> tuple[Seen, list[Message]]:
        """Report a change between sending requests and waiting."""
        governor = await self._governor.get_governor()
        state = {"blocked": governor.state != "closed"}
        if seen is None or state == seen:
            return state, []
        if not state["blocked"]:
            text = "YouTube answers again; the queue continues."
            return state, [Message(NotificationKind.REQUESTS_RESUMED, "Requests resumed", text)]
        probe = governor.next_probe_at
        lines = [governor.message or governor.reason or "", "Nothing is lost: the queue waits."]
        if probe is not None:
            lines.append(f"Next test: {probe:%Y-%m-%d %H:%M} UTC")
        body = "\n".join(filter(None, lines))
        return state, [Message(NotificationKind.REQUESTS_BLOCKED, "YouTube blocks requests", body)]


class DiskSpace:
    """Reports that too little space is free for downloads."""

    name: ClassVar[str] = "disk space"
    kinds: ClassVar[frozenset[NotificationKind]] = frozenset({NotificationKind.DISK_LOW})

    def __init__(self, storage: StorageAPI) -> None:
        self._storage = storage

    async def observe(self, seen: Seen | None) -> tuple[Seen, list[Message]]:
        """Report that the space has become too small."""
        stats = await self._storage.get_stats()
        state = {"low": stats.is_low_on_space}
        if not state["low"] or seen == state:
            return state, []
        free, kept = stats.free_bytes / 1e9, stats.min_free_bytes / 1e9
        body = f"{free:,.2f} GB are free in {stats.base_path}; downloads keep {kept:,.2f} GB free."
        return state, [Message(NotificationKind.DISK_LOW, "The disk is nearly full", body)]


class Damage:
    """Reports that the verification found lost or damaged files."""

    name: ClassVar[str] = "damage"
    kinds: ClassVar[frozenset[NotificationKind]] = frozenset({NotificationKind.DAMAGE_FOUND})

    def __init__(self, verification: VerificationAPI) -> None:
        self._verification = verification

    async def observe(self, seen: Seen | None) -> tuple[Seen, list[Message]]:
        """Report that there are more losses than after the last run."""
        found = await self._verification.get_verification()
        if found.state is PassState.RUNNING:
            return seen or {"findings": 0}, []
        losses = {kind: count for kind, count in found.findings.items() if kind.is_loss}
        total = sum(losses.values())
        state = {"findings": total}
        if seen is None or total <= seen["findings"]:
            return state, []
        counts = ", ".join(f"{count:,} {kind}" for kind, count in losses.items())
        body = f"{counts}\nShow them: ytarchive verify --known"
        return state, [Message(NotificationKind.DAMAGE_FOUND, "Damaged files were found", body)]


class YtDlpAge:
    """Reports that yt-dlp is older than the settings allow."""

    name: ClassVar[str] = "age of yt-dlp"
    kinds: ClassVar[frozenset[NotificationKind]] = frozenset({NotificationKind.YT_DLP_OLD})

    def __init__(self, download: DownloadAPI) -> None:
        self._download = download

    async def observe(self, seen: Seen | None) -> tuple[Seen, list[Message]]:
        """Report that the version has become too old, once for each time."""
        checks = (await self._download.health()).checks
        state = {"old": not checks.get("yt_dlp_is_recent", True)}
        if not state["old"] or seen == state:
            return state, []
        body = "YouTube changes often, and old versions fail. Run: ytarchive upgrade-ytdlp"
        return state, [Message(NotificationKind.YT_DLP_OLD, "yt-dlp is old", body)]


class Subscriptions:
    """Reports subscriptions whose channel or playlist can no longer be read."""

    name: ClassVar[str] = "subscriptions"
    kinds: ClassVar[frozenset[NotificationKind]] = frozenset({NotificationKind.SUBSCRIPTION_GONE})

    def __init__(self, subscriptions: SubscriptionsAPI) -> None:
        self._subscriptions = subscriptions

    async def observe(self, seen: Seen | None) -> tuple[Seen, list[Message]]:
        """Report the subscriptions that have a problem since the last run."""
        query = SubscriptionsQuery(with_problem=True, limit=500)
        found = [each async for each in every_item(self._subscriptions.list_subscriptions, query)]
        state = {"ids": [each.id for each in found]}
        new = [each for each in found if seen is not None and each.id not in seen["ids"]]
        return state, [_gone(each) for each in new]


def _gone(subscription: Subscription) -> Message:
    title = f"{subscription.title or subscription.source} can no longer be followed"
    lines = [
        subscription.problem_message or "",
        "Stored videos are kept.",
        f"Show it: ytarchive subscriptions show {subscription.id}",
    ]
    return Message(NotificationKind.SUBSCRIPTION_GONE, title, "\n".join(filter(None, lines)))


def observers_of(of: Contracts[Any], digest_every: timedelta) -> list[Observer]:
    """Return all observers."""
    return [
        NewVideos(of(StorageAPI), digest_every),
        RemovedVideos(of(RetentionAPI)),
        EndedJobs(of(JobsAPI)),
        Requests(of(GovernorAPI)),
        DiskSpace(of(StorageAPI)),
        Damage(of(VerificationAPI)),
        YtDlpAge(of(DownloadAPI)),
        Subscriptions(of(SubscriptionsAPI)),
    ]
