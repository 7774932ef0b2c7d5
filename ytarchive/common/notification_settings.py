"""Settings of notifications."""

import base64
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from ytarchive.common.setting_types import Seconds, Section, split


class NotificationKind(StrEnum):
    """What a notification reports."""

    NEW_VIDEOS = "new_videos"
    VIDEOS_REMOVED = "videos_removed"
    JOB_PROBLEMS = "job_problems"
    REQUESTS_BLOCKED = "requests_blocked"
    REQUESTS_RESUMED = "requests_resumed"
    DISK_LOW = "disk_low"
    DAMAGE_FOUND = "damage_found"
    YT_DLP_OLD = "yt_dlp_old"
    SUBSCRIPTION_GONE = "subscription_gone"
    TEST = "test"


REPORTED = tuple(kind for kind in NotificationKind if kind is not NotificationKind.TEST)
"""What is reported unless the settings name less."""


def _address(*schemes: str) -> AfterValidator:
    """Check the scheme of an address that can contain secrets; the message omits it."""

    def check(secret: SecretStr) -> SecretStr:
        scheme, found, rest = secret.get_secret_value().partition("://")
        if not found or not rest or (schemes and scheme not in schemes):
            raise ValueError(f"must be a URL, as {(schemes or ('ntfy',))[0]}://…")
        return secret

    return AfterValidator(check)


Webhooks = Annotated[list[Annotated[SecretStr, _address("https", "http")]], BeforeValidator(split)]
AppriseUrls = Annotated[list[Annotated[SecretStr, _address()]], BeforeValidator(split)]


def _signing_key(secret: SecretStr) -> SecretStr:
    """Check for base64 of at least 24 bytes, as Standard Webhooks requires."""
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < 24:
        raise ValueError("must be base64 of at least 24 bytes, as from `openssl rand -base64 32`")
    return secret


SigningKey = Annotated[SecretStr, AfterValidator(_signing_key)]
Kinds = Annotated[list[NotificationKind], BeforeValidator(split)]


class NotificationsConfig(Section):
    """Messages to other programs and to people."""

    webhooks: Webhooks = Field([], description="URLs that receive notifications as signed JSON")
    signing_key: SigningKey | None = Field(
        None, description="Key that signs what webhooks receive: base64 of at least 24 bytes"
    )
    apprise: AppriseUrls = Field(
        [], description="Addresses of apprise, as `ntfy://…`; they need `ytarchive[notify]`"
    )
    events: Kinds = Field(list(REPORTED), description="What is reported; default: all")
    digest_minutes: float = Field(60, gt=0, description="Minutes between reports of new videos")
    timeout: Seconds = Field(20, gt=0, description="Maximum seconds of one delivery")

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        if self.webhooks and self.signing_key is None:
            raise ValueError("webhooks are signed: set notifications.signing_key, too")
        return self

    def secrets(self) -> Iterator[SecretStr]:
        """Yield the secrets, which no output may contain."""
        yield from filter(None, (self.signing_key, *self.webhooks, *self.apprise))
