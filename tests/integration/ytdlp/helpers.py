"""Shared code of this folder's tests: settings, orders, and inspection of results."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.standin import MediaSpec, StandIn
from tests.standin.media import ffmpeg_program
from ytarchive.common.config import NetworkConfig, Settings, StorageConfig
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.ytdlp import DownloadOrder, YtDlp

MEDIA = MediaSpec(seconds=1, padding=2 * 2**20)
"""Large enough to be interrupted."""
SLOW = 1_000_000
"""Bytes a second for each connection."""
PATIENCE = 30.0
"""Seconds after which a task counts as hanging, also on a busy machine."""


class Archive(NamedTuple):
    """A stand-in, and a yt-dlp that uses it as YouTube."""

    youtube: StandIn
    ytdlp: YtDlp
    base: Path

    def order(self, video_id: str, **changed: Any) -> DownloadOrder:
        """The default request of a download."""
        profile: dict[str, Any] = {"quality": Quality.P720} | {
            name: changed.pop(name) for name in ArchiveProfile.model_fields if name in changed
        }
        folder = self.base / ".ytarchive" / "staging" / video_id
        given = {"video_id": video_id, "folder": folder, "profile": ArchiveProfile(**profile)}
        return DownloadOrder(**(given | changed))

    def media_size(self, *itags: int) -> int:
        """Bytes of these formats together."""
        return sum(self.youtube.media.files[itag].size for itag in itags)

    def media_seen(self) -> int:
        """Media bytes that have been sent so far."""
        return sum(e.bytes_sent for e in self.youtube.requests.entries if e.kind == "media")

    def other(self, network: dict[str, Any] | None = None, **download: Any) -> YtDlp:
        """A yt-dlp with settings of its own, and the same folder."""
        return YtDlp(settings_for(self.youtube, self.base, network, **download))

    @property
    def workers(self) -> list[int]:
        """The process ids of all workers."""
        fork_server = self.ytdlp._pool._fork_server
        return list(fork_server._workers) if fork_server else []


def settings_for(
    youtube: StandIn, base: Path, network: dict[str, Any] | None = None, **download: Any
) -> Settings:
    """Settings that lead to the stand-in."""
    way = {"proxy": youtube.proxy_url, "ca_file": youtube.ca_file, "timeout": 5}
    return Settings(
        storage=StorageConfig(base_path=base),
        network=NetworkConfig(**(way | (network or {}))),
        download=DownloadConfig(**download),
    )


def ignore(_: object) -> None:
    """Ignore the progress."""


def files(folder: Path) -> set[str]:
    """All files below a folder, without the worker's record for Storage."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return found - {"transfer.json"}


async def streams(path: Path) -> str:
    """The output of ffmpeg about a file's streams."""
    process = await asyncio.create_subprocess_exec(
        *(ffmpeg_program(), "-hide_banner", "-i", path), stderr=asyncio.subprocess.PIPE
    )
    return (await process.communicate())[1].decode()


async def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
