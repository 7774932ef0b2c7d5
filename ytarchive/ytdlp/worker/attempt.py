"""A download with its extractions: allowed retries, and needed disk space."""

import shutil
from collections.abc import Callable

from ytarchive.common import errors
from ytarchive.media import Info
from ytarchive.ytdlp.api import DownloadOrder
from ytarchive.ytdlp.worker.classifier import Facts
from ytarchive.ytdlp.worker.staging import StagedVideo

_UNUSABLE_MEDIA = (errors.IntegrityFailure, errors.ToolFailed)


class Attempt:
    """The active download of a worker. `admit` is called once, with the needed disk space."""

    def __init__(
        self, order: DownloadOrder, admit: Callable[[int], None], permit: Callable[[], bool]
    ) -> None:
        self.order = order
        self.permit = permit
        self.staged = StagedVideo(order.folder, order.video_id)
        self._admit = admit
        self._extractions_left = 2
        self._may_begin_anew = True
        self._has_claimed = False

    def claim_disk_space(self, info: Info, media_bytes: int) -> None:
        """Request disk space for the streams and, in addition, the merged file."""
        if self._has_claimed or self.staged.is_merged(str(info.get("format_id"))):
            return
        self._has_claimed = True
        self._admit(max(2 * media_bytes - self.staged.bytes_present, 0))

    def explained(self, failure: errors.YTArchiveError) -> errors.YTArchiveError:
        """Return `failure` or its cause: ffmpeg's output does not show that the disk was full."""
        is_tool = isinstance(failure, errors.ToolFailed)
        if is_tool and shutil.disk_usage(self.order.folder).free < 4 * 2**20:
            return errors.DiskFull("there was not enough space to merge the video with its sound")
        return failure

    def final(self, failure: errors.YTArchiveError, facts: Facts) -> errors.YTArchiveError:
        """Return the error of the download if it is not retried."""
        is_refused = isinstance(failure, errors.StaleUrl) and facts.status == 403
        return errors.MediaRefused(failure.message) if is_refused else failure

    def should_retry_after(self, failure: errors.YTArchiveError, facts: Facts) -> bool:
        """Return whether to extract the video again; removes unusable files before.

        Media that fail their check are fetched again from the start, but only once.
        """
        if isinstance(failure, errors.DiskFull):
            self.staged.discard_merges()
        if isinstance(failure, _UNUSABLE_MEDIA):
            self.staged.discard_media()
            again, self._may_begin_anew = self._may_begin_anew, False
            return again and not isinstance(failure, errors.StreamTooLong)
        if not isinstance(failure, errors.StaleUrl) or not self._extractions_left:
            return False
        if facts.status == 416:  # the stream is shorter than the partial file
            self.staged.discard_media()
        self._extractions_left -= 1
        return True
