"""The settings of downloads: pace, limits, timeouts, workers."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.setting_types import Days, Seconds, Section, Size
from ytarchive.common.windows import Windows


class Pace(StrEnum):
    """The pace of requests to YouTube."""

    POLITE = "polite"
    OFF = "off"


class DownloadConfig(Section):
    """Downloads by yt-dlp."""

    concurrency: int = Field(3, ge=1, le=64, description="Concurrent downloads, over all jobs")
    pace: Pace = Field(Pace.POLITE, description="`off` disables rate limiting")
    videos_per_hour: int = Field(180, ge=1, description="Long-term pace when polite")
    burst: int = Field(80, ge=1, description="Videos without pacing after a pause")
    stall_timeout: Seconds = Field(120, gt=0, description="Maximum seconds without progress")
    extract_timeout: Seconds = Field(180, gt=0, description="Maximum seconds of one extraction")
    side_file_timeout: Seconds = Field(
        30, gt=0, description="Maximum seconds for each captions file or thumbnail"
    )
    rate_limit: Size | None = Field(None, ge=1024, description="Bytes per second, for each video")
    total_rate_limit: Size | None = Field(
        None, ge=1024, description="Bytes per second of the media of all videos together"
    )
    yt_dlp_max_age: Days = Field(
        60, gt=0, description="Days after its release when yt-dlp is reported as old"
    )
    windows: Windows = Field(
        [],
        description="Local times at which videos of jobs start, as `01:00-07:00, sat 00:00-24:00` "
        "or `cron 0 1 * * 1-5 for 6h`; default: always",
    )
    videos_per_day: int | None = Field(
        None, ge=1, description="Maximum videos that jobs fetch in a day, local time"
    )
    bytes_per_day: Size | None = Field(
        None, ge=1, description="Bytes after which jobs start no video until the next day"
    )
    sleep_requests: Seconds = Field(
        0, ge=0, description="Seconds between requests of an extraction"
    )
    videos_per_worker: int = Field(200, ge=1, description="Tasks until a worker is replaced")
    worker_memory: Size = Field(
        512 * 2**20,
        ge=2**20,
        description="Bytes until a worker is replaced after its task; twice: at once",
    )

    @property
    def videos_ahead(self) -> int:
        """Return how many videos may be extracted while `concurrency` others are downloaded."""
        return max(1, self.concurrency // 2)
