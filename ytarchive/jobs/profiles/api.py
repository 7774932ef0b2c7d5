"""Contract of the profiles: named choices of how videos are archived."""

from typing import Any, ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Model
from ytarchive.common.profiles import ProfileName
from ytarchive.common.services import ServiceName


class ProfileField(Model):
    """A field of a profile: its value, and where the value is from."""

    name: str
    value: Any
    source: str = Field(
        description="Name of the profile that sets it: this one or `default`; empty for the "
        "built-in value"
    )
    meaning: str


class NamedProfile(Model):
    """A profile and the complete choice that it makes."""

    name: ProfileName
    is_built_in: bool = Field(description="Whether it exists without settings")
    fields: list[ProfileField]


class ProfilesAPI(Contract, Protocol):
    """List the profiles that requests can name."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /profiles")
    async def list_profiles(self) -> list[NamedProfile]:
        """Return all profiles with their fields, `default` first: it applies to every request."""
        ...
