"""Models of the form of stored media."""

from pydantic import Field

from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model
from ytarchive.common.profile import ArchiveProfile
from ytarchive.storage.library.models import StorageLocation


class FormVideo(Model):
    """Another form for the media of a stored video."""

    video_id: VideoId
    profile: ArchiveProfile = Field(
        description="Its container and what it embeds are used; nothing embedded is removed"
    )
    has_new_captions: bool = Field(
        default=False,
        description="Whether captions were stored since the media was written; they are embedded "
        "if the profile embeds captions",
    )


class FormedVideo(Model):
    """A stored video after its media was written in another form."""

    location: StorageLocation
    is_changed: bool = Field(default=False, description="Whether the media was written again")
    remarks: list[str] = Field(default=[], description="Differences from the request")
