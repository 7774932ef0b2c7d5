"""Implements the contract of refreshing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ytarchive.common.config import Settings
from ytarchive.common.models import utc_now
from ytarchive.common.scheduler import Duty
from ytarchive.download import DownloadAPI
from ytarchive.jobs import GovernorAPI, JobsAPI
from ytarchive.metadata import MetadataAPI
from ytarchive.refreshing.api import RefreshingAPI
from ytarchive.refreshing.comments import Comments
from ytarchive.refreshing.models import RefreshReport, RefreshState, RunRefreshes
from ytarchive.refreshing.refresher import Findings, Refresher
from ytarchive.refreshing.turns import Turns
from ytarchive.storage import DueQuery, RefreshesAPI, StorageAPI

_INTERVAL = 60.0
_AT_ONCE = 200
_PAUSE = timedelta(minutes=10)
"""Before another attempt of a server, while due videos wait."""


@dataclass(frozen=True)
class RefreshingClients:
    """The services that refreshing calls."""

    jobs: JobsAPI
    governor: GovernorAPI
    metadata: MetadataAPI
    storage: StorageAPI
    refreshes: RefreshesAPI
    findings: Findings
    download: DownloadAPI


class RefreshingService(RefreshingAPI):
    """Refreshes the metadata of stored videos."""

    def __init__(self, settings: Settings, clients: RefreshingClients) -> None:
        self._settings = settings.refreshes
        self._refreshes = clients.refreshes
        self._turns = turns = Turns(clients.jobs, clients.governor, clients.metadata, settings)
        self._refresher = Refresher(
            turns,
            clients.metadata,
            clients.storage,
            clients.refreshes,
            clients.findings,
            Comments(clients.download, clients.storage),
        )
        self._held_until: datetime | None = None

    def duties(self) -> Iterator[Duty]:
        """Yield the duty of a server, unless the settings turn it off."""
        if self._settings.enabled:
            yield Duty("refreshes", self._run_due, _INTERVAL, due=self._next_due)

    async def get_refreshes(self) -> RefreshState:
        used = await self._refreshes.get_due(DueQuery(limit=0))
        waiting = await self._turns.paused()
        if waiting is None and not await self._turns.by_api(used):
            waiting = await self._turns.by_yt_dlp(used)
        return RefreshState(
            next_at=used.next_at,
            requests_today=used.requests_today,
            units_today=used.units_today,
            waiting_for=waiting,
            **self._settings.model_dump(),
        )

    async def run_refreshes(self, request: RunRefreshes) -> RefreshReport:
        if request.video_ids:
            return await self._refresher.refresh_named(list(dict.fromkeys(request.video_ids)))
        return await self._refresher.run(request.limit)

    async def _run_due(self) -> None:
        report = await self._refresher.run(_AT_ONCE)
        self._held_until = utc_now() + _PAUSE if report.waiting_for else None

    async def _next_due(self) -> datetime | None:
        next_at = (await self._refreshes.get_due(DueQuery(limit=0))).next_at
        held = self._held_until
        return max(next_at, held) if next_at and held else next_at
