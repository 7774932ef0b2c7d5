"""Targets of notifications: webhooks, and the services of apprise."""

import asyncio
import base64
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from pydantic_core import to_json

from ytarchive.common.models import utc_now
from ytarchive.common.notification_settings import NotificationsConfig
from ytarchive.notifications.models import Message


class DeliveryFailed(Exception):
    """A target did not accept a notification. The text contains no secret."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final
        """Whether another attempt is useless."""


class Target(Protocol):
    """Receives notifications."""

    id: str
    """Digest of the address, which can contain secrets."""
    name: str
    """Kind and host."""

    async def send(self, message_id: str, message: Message, created_at: datetime) -> None:
        """Deliver a notification. Raises DeliveryFailed or TimeoutError."""


def targets_of(config: NotificationsConfig, session: aiohttp.ClientSession) -> list[Target]:
    """Return the targets of the settings."""
    given = config.signing_key
    key = signing_key(given.get_secret_value()) if given else b""
    targets: list[Target] = [
        Webhook(number, secret.get_secret_value(), key, session)
        for number, secret in enumerate(config.webhooks, 1)
    ]
    targets += [
        AppriseTarget(number, secret.get_secret_value())
        for number, secret in enumerate(config.apprise, 1)
    ]
    return targets


def signing_key(secret: str) -> bytes:
    """Return the key of a secret as Standard Webhooks writes it: `whsec_` and base64."""
    return base64.b64decode(secret.removeprefix("whsec_"))


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a body as Standard Webhooks defines it."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


class Webhook:
    """Receives notifications as signed JSON: https://www.standardwebhooks.com."""

    def __init__(self, number: int, url: str, key: bytes, session: aiohttp.ClientSession) -> None:
        self.id = _digest(url)
        self.name = f"webhook {number} ({urlsplit(url).hostname})"
        self._url = url
        self._key = key
        self._session = session

    async def send(self, message_id: str, message: Message, created_at: datetime) -> None:
        """Post a notification. Redirects are not followed."""
        data = {"title": message.title, "body": message.body}
        timestamp = int(utc_now().timestamp())
        body = to_json({"type": message.kind, "timestamp": created_at, "data": data})
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, message_id, timestamp, body),
        }
        posting = self._session.post(self._url, data=body, headers=headers, allow_redirects=False)
        try:
            async with posting as response:
                status = response.status
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise DeliveryFailed(f"no connection: {type(error).__name__}") from None
        if not 200 <= status < 300:
            raise DeliveryFailed(f"it answered with HTTP status {status}", is_final=status == 410)


class AppriseTarget:
    """Receives notifications by apprise, which blocks: one thread for each target."""

    def __init__(self, number: int, url: str) -> None:
        self.id = _digest(url)
        self.name = f"apprise {number} ({url.partition(':')[0]})"
        self._url = url
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="apprise")
        self._is_busy = False

    async def send(self, message_id: str, message: Message, created_at: datetime) -> None:
        """Send a notification. A thread that is blocked by an earlier one is not waited for."""
        if self._is_busy:
            raise DeliveryFailed("an earlier notification is still being sent")
        self._is_busy = True
        loop = asyncio.get_running_loop()
        sending = loop.run_in_executor(self._thread, self._send, message)
        sending.add_done_callback(self._sent)
        await asyncio.shield(sending)

    def _sent(self, sending: "asyncio.Future[None]") -> None:
        self._is_busy = False
        if not sending.cancelled():
            sending.exception()  # after a timeout nobody else reads it

    def _send(self, message: Message) -> None:
        try:
            import apprise  # noqa: PLC0415  # optional, and slow to import
        except ImportError:
            install = "pip install 'ytarchive[notify]'"
            raise DeliveryFailed(f"apprise is not installed: {install}") from None
        service = apprise.Apprise()
        try:
            is_known = service.add(self._url)
            is_sent = is_known and service.notify(body=message.body, title=message.title)
        except Exception as error:  # of any of its many services
            raise DeliveryFailed(f"apprise failed: {type(error).__name__}") from None
        if not is_known:
            raise DeliveryFailed("apprise does not know this kind of address", is_final=True)
        if not is_sent:
            raise DeliveryFailed("the service did not accept it")


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:32]
