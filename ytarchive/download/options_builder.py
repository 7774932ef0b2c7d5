"""Builds the orders for workers; without captions for some minutes after YouTube refused them."""

import time
from pathlib import Path

from loguru import logger

from ytarchive.common.paths import staged_name
from ytarchive.common.side_files import THUMBNAIL, caption_languages_of, captions_among, in_words
from ytarchive.download.api import DownloadRequest
from ytarchive.ytdlp import CAPTIONS_NOT_ASKED, Downloaded, DownloadOrder

log = logger.bind(service="download")

_SECONDS_WITHOUT_CAPTIONS = 600.0


class DownloadOptionsBuilder:
    """Builds orders from requests, and records refusals of captions."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging
        self._captions_from = 0.0

    @property
    def _omits_captions(self) -> bool:
        return time.monotonic() < self._captions_from

    def order_for(self, request: DownloadRequest) -> DownloadOrder:
        """Return the order for a worker."""
        languages = caption_languages_of(request.only_missing)
        sought = [each for each in languages if each in request.recheck_captions]
        profile = request.profile
        if request.only_missing:
            formats = [each.format for each in captions_among(request.only_missing)]
            side_files = {
                "caption_formats": list(dict.fromkeys([*profile.caption_formats, *formats])),
                "include_captions": bool(languages),
                "caption_languages": sought,
                "include_thumbnail": THUMBNAIL in request.only_missing,
            }
            profile = profile.model_copy(update=side_files)
        return DownloadOrder(
            video_id=request.video_id,
            folder=self._folder(request),
            profile=profile,
            present=request.present,
            known_captions=[each for each in languages if each not in sought],
            without_media=bool(request.only_missing),
            omits_captions=self._omits_captions,
        )

    def result_without_request(self, request: DownloadRequest) -> Downloaded | None:
        """Return the result of a download that needs no request to YouTube, otherwise None."""
        wanted = request.only_missing
        if not wanted or THUMBNAIL in wanted or not self._omits_captions:
            return None
        return Downloaded(
            folder=self._folder(request),
            network_bytes=0,
            remarks=[f"no {in_words(wanted)}: {CAPTIONS_NOT_ASKED}"],
            missing=[
                each.key
                for each in captions_among(wanted)
                if each.language not in request.recheck_captions
            ],
        )

    def record_refusal(self, downloaded: Downloaded) -> None:
        """Stop requesting captions for some minutes if YouTube refused them."""
        if downloaded.captions_refused:
            self._captions_from = time.monotonic() + _SECONDS_WITHOUT_CAPTIONS
            minutes = f"{_SECONDS_WITHOUT_CAPTIONS / 60:.0f} minutes"
            log.warning("YouTube refuses captions: none are requested for {}", minutes)

    def _folder(self, request: DownloadRequest) -> Path:
        name = staged_name(request.video_id, side_files=bool(request.only_missing))
        return self._staging / name
