"""Notifications, in process and over HTTP, with receivers on this machine."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook as Verifier

from tests.contract.conftest import Reach
from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.storage.samples import OTHER, VIDEO, flip_byte, metadata, save_request, stage
from tests.unit.storage.test_verify import ended as verified
from ytarchive.common.config import Settings, StorageConfig, load_settings
from ytarchive.common.errors import InvalidRequest, NoFormats
from ytarchive.common.models import HealthCheck, Page, utc_now
from ytarchive.download import DownloadAPI
from ytarchive.jobs import GovernorAPI, JobOptions, JobsAPI
from ytarchive.jobs.service import JobsService
from ytarchive.notifications import NotificationQuery, NotificationsAPI
from ytarchive.notifications.service import NotificationsService
from ytarchive.retention import RemovalsQuery, RetentionAPI, RetentionLimit, RetentionRemoval
from ytarchive.storage import SaveMetadata, StorageAPI, VerificationAPI
from ytarchive.storage.service import StorageService
from ytarchive.subscriptions import (
    FirstCheck,
    Schedule,
    Subscription,
    SubscriptionsAPI,
    SubscriptionsQuery,
    SubscriptionState,
)

_A_MINUTE = timedelta(minutes=1)
KEY = "whsec_" + "c2VjcmV0" * 5


@dataclass
class Receiver:
    """A webhook on this machine: keeps what it receives, or answers with `status`."""

    status: int = 204
    received: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)
    url: str = ""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    is_slow: bool = False

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.is_slow:
            await self.released.wait()
        if self.status < 300:
            headers = {name.lower(): value for name, value in request.headers.items()}
            if "webhook-id" in headers:
                Verifier(KEY).verify(body, headers)
            self.received.append((json.loads(body), headers))
        return web.Response(status=self.status, headers={"Location": self.url})

    @property
    def titles(self) -> list[str]:
        return [body["data"]["title"] for body, _ in self.received]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}/hook/key-in-the-address"
    yield receiver
    receiver.released.set()
    await runner.cleanup()


class SubscriptionsPeer:
    """Lists subscriptions whose source is gone."""

    def __init__(self) -> None:
        self.gone: list[Subscription] = []

    async def list_subscriptions(self, request: SubscriptionsQuery) -> Page[Subscription]:
        assert request.with_problem
        return Page(items=self.gone)


class RetentionPeer:
    """Lists removals, newest first."""

    def __init__(self) -> None:
        self.removals: list[RetentionRemoval] = []

    async def list_removals(self, request: RemovalsQuery) -> Page[RetentionRemoval]:
        return Page(items=self.removals)


@dataclass
class Observed:
    """An archive and its notifications."""

    notifications: NotificationsService
    storage: StorageService
    jobs: JobsService
    workshop: Workshop
    config: StorageConfig
    subscriptions: SubscriptionsPeer
    retention: RetentionPeer


def settings_of(receiver: Receiver, **more: Any) -> Settings:
    given = {"webhooks": [receiver.url], "signing_key": KEY, "timeout": 5, "digest_minutes": 1e-9}
    return load_settings(
        notifications=given | more,
        download={"pace": "off"},
        jobs={"retry_base": 0.01, "notification_timeout": 0.05, "shutdown_grace": 0},
    )


@asynccontextmanager
async def observed(tmp_path: Path, settings: Settings) -> AsyncIterator[Observed]:
    config = StorageConfig(base_path=tmp_path / "archive")
    async with AsyncExitStack() as stack:
        workshop = Workshop(tmp_path / "jobs", settings)
        jobs = await stack.enter_async_context(workshop.open())
        storage = await StorageService.open(config)
        stack.push_async_callback(storage.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        subscriptions, retention = SubscriptionsPeer(), RetentionPeer()
        contracts: dict[type, Any] = {
            SubscriptionsAPI: subscriptions,
            RetentionAPI: retention,
            DownloadAPI: workshop.download,
            JobsAPI: jobs,
            GovernorAPI: jobs.governor,
            StorageAPI: storage,
            VerificationAPI: storage.verifier,
        }
        opening = NotificationsService.open(
            settings.notifications, tmp_path, session, contracts.__getitem__
        )
        notifications = await stack.enter_async_context(opening)
        yield Observed(notifications, storage, jobs, workshop, config, subscriptions, retention)


async def test_each_target_receives_a_signed_test(
    reach: Reach[Any], tmp_path: Path, receiver: Receiver
) -> None:
    async with observed(tmp_path, settings_of(receiver)) as archive:
        api: NotificationsAPI = await reach(NotificationsAPI, archive.notifications)
        [delivery] = await api.test_notifications()
    assert (delivery.target, delivery.error) == ("webhook 1 (127.0.0.1)", None)
    [(body, _)] = receiver.received
    assert (body["type"], body["data"]["title"]) == ("test", "Test of ytarchive")


async def test_without_a_target_the_test_is_refused_and_no_file_is_created(
    reach: Reach[Any], tmp_path: Path
) -> None:
    async with observed(tmp_path, load_settings()) as archive:
        api: NotificationsAPI = await reach(NotificationsAPI, archive.notifications)
        with pytest.raises(InvalidRequest, match=r"set notifications\.webhooks"):
            await api.test_notifications()
        assert await api.list_notification_targets() == []
        assert (await api.list_notifications(NotificationQuery())).items == []
        assert archive.notifications.duties == []
    assert not (tmp_path / "notifications.db").exists()


async def test_stored_videos_are_reported_once_as_a_digest(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with observed(tmp_path, settings_of(receiver)) as archive:
        await archive.notifications.run()
        for video_id, title in [(VIDEO, "First"), (OTHER, "<b>Second</b>")]:
            described = metadata(video_id, title)
            await archive.storage.save_metadata(SaveMetadata(metadata=described))
            await archive.storage.save_video(
                save_request(stage(archive.config, video_id), video_id)
            )
        await archive.notifications.run()
        await archive.notifications.run()
    [(body, _)] = receiver.received
    assert body["type"] == "new_videos"
    assert body["data"]["title"].startswith("2 videos stored")
    assert f"A channel: <b>Second</b> [{OTHER}]" in body["data"]["body"]


async def test_job_that_ended_with_problems_is_reported_with_its_counts(
    tmp_path: Path, receiver: Receiver
) -> None:
    settings = settings_of(receiver, events=["job_problems"])
    async with observed(tmp_path, settings) as archive:
        await archive.notifications.run()
        good = await archive.jobs.create_job(videos(OTHER))
        await ended(archive.jobs, good.id)
        archive.workshop.download.failures[VIDEO] = [NoFormats("no formats")] * 9
        bad = await archive.jobs.create_job(videos(VIDEO, max_retries=0))
        job = await ended(archive.jobs, bad.id)
        await archive.notifications.run()
        await archive.notifications.run()
    assert job.progress.failed == 1
    [(body, _)] = receiver.received
    assert body["data"]["title"] == f"Job {bad.id[:8]} ended with problems"
    assert body["data"]["body"].startswith("1 failed")


async def test_damage_is_reported_once(tmp_path: Path, receiver: Receiver) -> None:
    async with observed(tmp_path, settings_of(receiver, events=["damage_found"])) as archive:
        await archive.storage.save_metadata(SaveMetadata(metadata=metadata()))
        await archive.storage.save_video(save_request(stage(archive.config)))
        await archive.notifications.run()
        flip_byte(archive.config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4")
        for _ in range(2):
            await verified(archive.storage)
            await archive.notifications.run()
    assert receiver.titles == ["Damaged files were found"]


async def test_source_that_is_gone_is_reported_once(tmp_path: Path, receiver: Receiver) -> None:
    async with observed(tmp_path, settings_of(receiver, events=["subscription_gone"])) as archive:
        await archive.notifications.run()
        gone = Subscription(
            id="0a1b",
            source="@films",
            list_id="UU0123456789012345678901",
            title="Films",
            options=JobOptions(),
            schedule=Schedule(),
            first=FirstCheck.ALL,
            state=SubscriptionState.ACTIVE,
            created_at=utc_now(),
            problem_message="this channel does not exist",
        )
        archive.subscriptions.gone.append(gone)
        await archive.notifications.run()
        await archive.notifications.run()
    [(body, _)] = receiver.received
    assert body["data"]["title"] == "Films can no longer be followed"
    assert body["data"]["body"].startswith("this channel does not exist\nStored videos are kept.")


async def test_removals_by_rules_are_reported_once(tmp_path: Path, receiver: Receiver) -> None:
    async with observed(tmp_path, settings_of(receiver, events=["videos_removed"])) as archive:
        await archive.notifications.run()
        removed = RetentionRemoval(
            video_id=VIDEO,
            title="A title",
            subscription_id="0a1b",
            subscription_title="Films",
            limit=RetentionLimit.MAX_VIDEOS,
            reason="not among the newest 2",
            size_bytes=1,
            removed_at=utc_now(),
        )
        archive.retention.removals.append(removed)
        await archive.notifications.run()
        await archive.notifications.run()
    [(body, _)] = receiver.received
    assert body["data"]["title"] == "1 video moved to the trash by retention"
    assert f"Films: A title [{VIDEO}], not among the newest 2" in body["data"]["body"]


async def test_old_yt_dlp_is_reported_once_and_again_after_an_upgrade(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with observed(tmp_path, settings_of(receiver, events=["yt_dlp_old"])) as archive:
        healthy = await archive.workshop.download.health()
        for is_recent in (True, False, False, True, False):
            health = healthy.model_copy(update={"checks": {"yt_dlp_is_recent": is_recent}})

            async def answer(health: HealthCheck = health) -> HealthCheck:
                return health

            monkeypatch.setattr(archive.workshop.download, "health", answer)
            await archive.notifications.run()
    assert receiver.titles == ["yt-dlp is old"] * 2


async def test_undelivered_notification_is_kept_and_sent_after_a_restart(
    reach: Reach[Any], tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.notifications.outbox._LONGEST_RETRY", -_A_MINUTE)
    settings = settings_of(receiver, events=["damage_found"])
    async with observed(tmp_path, settings) as archive:
        await archive.storage.save_metadata(SaveMetadata(metadata=metadata()))
        await archive.storage.save_video(save_request(stage(archive.config)))
        await archive.notifications.run()
        (archive.config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4").unlink()
        await verified(archive.storage)
        receiver.status = 503
        await archive.notifications.run()
        api: NotificationsAPI = await reach(NotificationsAPI, archive.notifications)
        [target] = await api.list_notification_targets()
        assert (target.pending, target.last_error) == (1, "it answered with HTTP status 503")
        [notification] = (await api.list_notifications(NotificationQuery())).items
        assert notification.deliveries[0].next_attempt_at is not None
        assert "key-in-the-address" not in notification.model_dump_json()
    receiver.status = 204
    async with observed(tmp_path, settings) as archive:
        await archive.notifications.run()
        api = archive.notifications
        [target] = await api.list_notification_targets()
        assert (target.pending, target.last_delivered_at is None) == (0, False)
    assert receiver.titles == ["Damaged files were found"]


async def test_blocked_target_ends_at_the_deadline_and_delays_no_other(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.is_slow = True
    async with observed(tmp_path, settings_of(receiver, timeout=0.2)) as archive:
        [delivery] = await archive.notifications.test_notifications()
    assert delivery.error == "no answer within 0.2 seconds"


async def test_redirects_are_not_followed(tmp_path: Path, receiver: Receiver) -> None:
    receiver.status = 307
    async with observed(tmp_path, settings_of(receiver)) as archive:
        [delivery] = await archive.notifications.test_notifications()
    assert delivery.error == "it answered with HTTP status 307"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # by apprise
async def test_apprise_sends_to_its_services(tmp_path: Path, receiver: Receiver) -> None:
    address = receiver.url.replace("http://", "json://")
    settings = settings_of(
        receiver, webhooks=[], signing_key=None, apprise=[address, "nothing://x"]
    )
    async with observed(tmp_path, settings) as archive:
        sent, unknown = await archive.notifications.test_notifications()
    assert (sent.target, sent.error) == ("apprise 1 (json)", None)
    assert unknown.error == "apprise does not know this kind of address"
    [(body, _)] = receiver.received
    assert body["title"] == "Test of ytarchive"
