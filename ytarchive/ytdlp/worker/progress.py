"""One percentage for video, audio and merge, which never decreases."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

from ytarchive.common.errors import DiskFull, IntegrityFailure, StreamTooLong
from ytarchive.media import Info, chosen_formats, quality_label
from ytarchive.ytdlp.api import Transfer
from ytarchive.ytdlp.worker.limits import DiskWatch, size_limit, usual_size

_SECONDS_BETWEEN = 0.2
_DISK_CHECK_INTERVAL = 1.0
_MEDIA_SHARE = 98.0
_MERGE_SHARE = 1.9


class Stream:
    """A format of a download while it is fetched."""

    def __init__(self, chosen: Info, present: int, duration: float | None = None) -> None:
        self.exact = int(chosen.get("filesize") or 0)
        self.total = self.exact or int(chosen.get("filesize_approx") or 0)
        self.usual_size = usual_size(chosen, duration)
        self._limit = size_limit(chosen, duration)
        self.phase = "audio" if chosen.get("vcodec") == "none" else "video"
        self.done = self._last = present
        self.fetched = 0
        self.remark = ""
        self._served: int | None = None

    def advance(self, done: int, total: int | None) -> None:
        """Record that `done` of `total` bytes are on the disk.

        Earlier bytes do not count as fetched.

        Raises StreamTooLong.
        """
        self.fetched += done - self._last if done >= self._last else done
        self._last = self.done = done
        self._served = total
        self.total = max(total or self.total, done)
        if self._limit is not None and done > self._limit:
            limit = f"the announced {self.exact} bytes" if self.exact else "its length allows"
            raise StreamTooLong(f"the {self.phase} has {done} bytes, more than {limit}")

    def finish(self, size: int) -> None:
        """Record the end with `size` bytes. Raises IntegrityFailure if YouTube had announced more.

        This detects a server that ends a transfer early without an error. If the server sent as
        much as it announced, and YouTube's page announced another size, the server is right.
        """
        self.done = self.total = size or self.total
        if not self.exact or self.done == self.exact:
            return
        if self.done < self.exact or self.done != self._served:
            raise IntegrityFailure(f"the {self.phase} has {self.done} of {self.exact} bytes")
        self.remark = f"the {self.phase} has {self.done} bytes, and {self.exact} were announced"


class ProgressMeter:
    """Converts yt-dlp's hooks into `Transfer`s, at most five per second."""

    def __init__(self, report: Callable[[Transfer], None], disk: DiskWatch | None = None) -> None:
        self._report = report
        self._disk = disk or DiskWatch(0)
        self._streams: dict[str, Stream] = {}
        self._quality: str | None = None
        self._folder = Path()
        self._percent = 0.0
        self._phase = ""
        self._reported_at = 0.0
        self._merging: Event | None = None

    @property
    def network_bytes(self) -> int:
        """Return the media bytes received over the network so far."""
        return sum(stream.fetched for stream in self._streams.values())

    @property
    def media_bytes(self) -> int:
        """Return the size of all streams together, as far as it is known."""
        return sum(stream.total for stream in self._streams.values())

    @property
    def remarks(self) -> list[str]:
        """Return differences from YouTube's announcement."""
        return [stream.remark for stream in self._streams.values() if stream.remark]

    def extracting(self) -> None:
        """Report that the video is being extracted."""
        self._say("extracting")

    def fetching(self, info: Info, folder: Path) -> None:
        """Report that the chosen formats are being fetched; `folder` may contain parts of them."""
        earlier = {key: stream.fetched for key, stream in self._streams.items()}
        self._folder = folder
        self._quality = quality_label(info)
        self._streams = {
            each["format_id"]: Stream(
                each, _present(folder, each["format_id"]), info.get("duration")
            )
            for each in chosen_formats(info)
        }
        for key, stream in self._streams.items():
            stream.fetched = earlier.get(key, 0)
        self._say(next(iter(self._streams.values())).phase)

    def fetching_side_files(self) -> None:
        """Report that the media are complete, and captions or thumbnail are not."""
        self._say("captions")

    def progress(self, status: dict[str, Any]) -> None:
        """yt-dlp's progress hook."""
        stream = self._streams.get(status["info_dict"].get("format_id") or "")
        if stream is None:  # also called for captions
            return
        total = status.get("total_bytes") or status.get("total_bytes_estimate")
        if status["status"] == "downloading":
            stream.advance(int(status.get("downloaded_bytes") or 0), total and int(total))
            self._disk.require_for_stream(self._folder, stream.done, stream.usual_size)
        else:
            stream.finish(int(total or 0))
        self._say(stream.phase, speed=float(status.get("speed") or 0))

    def postprocessor(self, status: dict[str, Any]) -> None:
        """yt-dlp's postprocessor hook: ffmpeg works while the file it writes changes."""
        if status["postprocessor"] == "MoveFiles":
            return
        if status["status"] == "started":
            written = sum(stream.done for stream in self._streams.values())
            self._disk.require(self._folder, written, "merge the video with its sound")
            self._say("merging")
            self._merging = Event()
            Thread(target=self._watch_merge, args=(self._merging,), daemon=True).start()
        elif self._merging:
            self._merging.set()

    def shortage(self) -> DiskFull | None:
        """Return the error if ffmpeg is writing and the disk has filled up to `min_free`."""
        is_merging = self._merging is not None and not self._merging.is_set()
        if not is_merging or self._disk.left(self._folder) >= 0:
            return None
        return DiskFull("the disk filled up to storage.min_free while the video was merged")

    def _watch_merge(self, ended: Event) -> None:
        seen = None
        while not ended.wait(_DISK_CHECK_INTERVAL):
            state = _written(self._folder)
            if state != seen:
                seen = state
                self._say("merging", written=state[0])

    def _say(self, phase: str, *, speed: float = 0, written: int = 0) -> None:
        now = time.monotonic()
        if phase == self._phase and now - self._reported_at < _SECONDS_BETWEEN:
            return
        self._phase, self._reported_at = phase, now
        done = sum(stream.done for stream in self._streams.values())
        total = sum(stream.total for stream in self._streams.values())
        self._percent = max(self._percent, _percent(phase, done, total, written))
        self._report(
            Transfer(
                phase=phase,
                percent=round(self._percent, 2),
                downloaded_bytes=done,
                total_bytes=total,
                speed=speed,
                eta=int((total - done) / speed) if speed else None,
                quality=self._quality,
                network_bytes=self.network_bytes,
            )
        )


def _percent(phase: str, done: int, total: int, written: int) -> float:
    if not total:
        return 0.0
    if phase == "merging":
        return _MEDIA_SHARE + _MERGE_SHARE * min(written / total, 1.0)
    return _MEDIA_SHARE * min(done / total, 1.0)


def _present(folder: Path, format_id: str) -> int:
    """Return the bytes of a format from an earlier attempt."""
    parts = [*folder.glob(f"*.f{format_id}.*.part"), *folder.glob(f"*.{format_id}.*.part")]
    return max((part.stat().st_size for part in parts), default=0)


def _written(folder: Path) -> tuple[int, int]:
    """Return size and time of ffmpeg's output; moving the index to the front changes the time."""
    try:
        found = [path.stat() for path in folder.glob("*.temp.*")]
    except FileNotFoundError:
        found = []
    return sum(each.st_size for each in found), max((each.st_mtime_ns for each in found), default=0)
