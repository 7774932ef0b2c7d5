"""Settings of refreshes."""

from pydantic import Field

from ytarchive.common.setting_types import Section


class RefreshesConfig(Section):
    """Refreshes of the metadata of stored videos."""

    enabled: bool = Field(
        True, description="Whether a server refreshes videos a day, week, month and years later"
    )
    requests_per_day: int = Field(
        200, ge=0, description="Maximum requests for refreshes by yt-dlp per day, one per video"
    )
    units_per_day: int = Field(
        500, ge=0, description="Maximum quota units for refreshes per day, one for 50 videos"
    )
