"""Models of podcast feeds."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from ytarchive.common.identifiers import PlaylistId
from ytarchive.common.models import Model, Text, UtcDatetime
from ytarchive.common.profiles import ProfileName
from ytarchive.common.setting_types import PublicUrl


class FeedKind(StrEnum):
    """What a podcast feed lists."""

    CHANNEL = "channel"
    PLAYLIST = "playlist"
    PROFILE = "profile"


_BASE_URL = (
    "URL of the server as podcast apps reach it, as `https://nas.example`; default: "
    "`server.public_url`"
)


class AddPodcastFeed(Model):
    """A podcast feed to add: of a channel, a playlist or a profile for sound."""

    source: PlaylistId | None = Field(
        default=None, description="A channel or playlist with stored videos"
    )
    profile: ProfileName | None = Field(
        default=None, description="A named profile of `quality=audio`: all its stored videos"
    )
    items: int = Field(default=100, ge=1, le=1000, description="The newest videos that it lists")
    base_url: PublicUrl | None = Field(default=None, description=_BASE_URL)

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.source is None) == (self.profile is None):
            raise ValueError("give either source or profile")
        return self


class RotatePodcastFeed(Model):
    """A request for a new key of a podcast feed."""

    base_url: PublicUrl | None = Field(default=None, description=f"New {_BASE_URL}")


class PodcastFeed(Model):
    """A podcast feed, without its key."""

    id: str
    kind: FeedKind
    source: str = Field(description="The id of the channel or playlist, or the profile's name")
    title: Text
    items: int = Field(description="The newest videos that it lists")
    base_url: str | None = Field(default=None, description="null: `server.public_url`")
    created_at: UtcDatetime
    key_created_at: UtcDatetime


class PodcastFeedAddress(Model):
    """A podcast feed and its address."""

    feed: PodcastFeed
    address: str = Field(description="With the key, which is not stored and not shown again")


class PodcastFeedQuery(Model):
    """Selects a page of podcast feeds."""

    limit: int = Field(default=100, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=200)


class RemovedPodcastFeed(Model):
    """A removed podcast feed."""

    id: str
    title: Text
