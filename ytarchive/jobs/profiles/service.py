"""Lists the profiles of the settings and the built-in ones."""

from collections.abc import Mapping

from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.profiles import ProfileRequest, all_profiles, given_fields, layers, resolved
from ytarchive.jobs.profiles.api import NamedProfile, ProfileField, ProfilesAPI


class ProfilesService(ProfilesAPI):
    """Explains the profiles of this process' settings."""

    def __init__(self, configured: Mapping[str, ArchiveProfile]) -> None:
        self._configured = configured

    async def list_profiles(self) -> list[NamedProfile]:
        return [self._profile(name) for name in all_profiles(self._configured)]

    def _profile(self, name: str) -> NamedProfile:
        """Return a profile with the result of a request that names it and gives no field."""
        sources: dict[str, str] = {}
        for source, profile in layers(name, self._configured):
            sources = dict.fromkeys(given_fields(profile), source) | sources
        values = resolved(ProfileRequest(profile=name), self._configured).model_dump(mode="json")
        fields = [
            ProfileField(
                name=field,
                value=values[field],
                source=sources.get(field, ""),
                meaning=declared.description or "",
            )
            for field, declared in ArchiveProfile.model_fields.items()
        ]
        return NamedProfile(name=name, is_built_in=name not in self._configured, fields=fields)
