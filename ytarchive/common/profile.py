"""Archive profile: how a video is archived, from the request to the worker and the library."""

from pydantic import Field

from ytarchive.common.identifiers import AudioLanguage, CaptionLanguages
from ytarchive.common.models import Model
from ytarchive.common.quality import Quality


class ArchiveProfile(Model):
    """How a video is archived. Requests of jobs and downloads have the same fields by inheritance.

    A new field is declared here, takes effect in `ytdlp/worker/`, and gets an option of the CLI.
    """

    quality: Quality = Quality.P1080
    audio_language: AudioLanguage | None = None
    include_captions: bool = True
    caption_languages: CaptionLanguages = Field(default=["en"])
    auto_captions: bool = Field(
        default=False, description="Take automatic captions where there are no others"
    )
    include_thumbnail: bool = True

    @property
    def profile(self) -> "ArchiveProfile":
        """Return the profile alone, without the other fields of a request."""
        if type(self) is ArchiveProfile:
            return self
        return ArchiveProfile(**self.profile_fields)

    @property
    def profile_fields(self) -> dict[str, object]:
        """Return the fields of the profile, for a request that has them by inheritance."""
        return {name: getattr(self, name) for name in ArchiveProfile.model_fields}

    @property
    def wanted_captions(self) -> list[str]:
        """Return the languages of captions that a video should have, as far as there are any."""
        return self.caption_languages if self.include_captions else []
