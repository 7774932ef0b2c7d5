"""Runs a worker's tasks by yt-dlp. Imported only in worker processes, because it imports yt-dlp."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from yt_dlp.postprocessor.ffmpeg import FFmpegPostProcessor
from yt_dlp.utils import DownloadError

from ytarchive.common import errors
from ytarchive.common.json_text import stored_json
from ytarchive.common.media_formats import SOUND_FORMATS
from ytarchive.common.regular import read_regular
from ytarchive.common.side_files import in_words
from ytarchive.media import (
    Info,
    SoundTrack,
    check_media,
    jpeg_decoder,
    quality_label,
    video_metadata,
)
from ytarchive.ytdlp.api import (
    EXTRACTION_SECONDS,
    Downloaded,
    DownloadOrder,
    ExtractedVideo,
    ListedEntries,
    Transfer,
)
from ytarchive.ytdlp.choice import Wanted, selector
from ytarchive.ytdlp.options import WorkerConfig, merge_arguments, order_options, worker_options
from ytarchive.ytdlp.selection import (
    audio_language,
    sound_remarks,
    sound_tracks,
    unusual,
    with_sound_codec,
)
from ytarchive.ytdlp.worker.attempt import Attempt
from ytarchive.ytdlp.worker.classifier import classify, facts_of
from ytarchive.ytdlp.worker.extractions import check_identity, check_is_out, expires
from ytarchive.ytdlp.worker.limits import DiskWatch
from ytarchive.ytdlp.worker.listing import list_chunks
from ytarchive.ytdlp.worker.messages import Messages
from ytarchive.ytdlp.worker.network import QuietYoutubeDL
from ytarchive.ytdlp.worker.paced_files import PacedFetcher, PacedFiles
from ytarchive.ytdlp.worker.packaging import WATCH_URL, packaged, transferred
from ytarchive.ytdlp.worker.progress import ProgressMeter
from ytarchive.ytdlp.worker.sidefiles import SideFiles
from ytarchive.ytdlp.worker.sponsorblock import add_segments
from ytarchive.ytdlp.worker.staging import write_json


class ExtractorSession:
    """A yt-dlp object with its connections, used for one task after another."""

    def __init__(self, worker_config: WorkerConfig) -> None:
        self._worker_config = worker_config
        self._attempt: Attempt | None = None
        self._messages = Messages()
        self.needs_replacement = False
        """Whether a thread of an earlier task hangs: the next task needs another process."""
        self._meter = ProgressMeter(lambda transfer: None)
        options = worker_options(worker_config, self._messages, self)
        self._ydl = QuietYoutubeDL(options, also=worker_config.plugin_server)

    def report_to(
        self, report: Callable[[str, str], None], on_request: Callable[[bool], None]
    ) -> None:
        """Pass yt-dlp's warnings on, each with its level, and report its requests."""
        self._messages.report = report
        self._ydl.on_request = on_request

    def preload(self) -> None:
        """Extract a video and list a playlist without requests, which loads all needed modules.

        Also request the programs' versions, as yt-dlp does before it uses them. Forked workers
        inherit the result, which would take each of them 120 ms of CPU time.
        """
        jpeg_decoder()
        for work in self.rehearsals().values():
            with contextlib.suppress(Exception):  # errors will occur again at use
                work()
        with contextlib.suppress(Exception):
            _ = FFmpegPostProcessor(self._ydl).available
            runtimes = self._ydl._js_runtimes.values()  # noqa: SLF001  # there is no public function for them
            _ = [runtime.info for runtime in runtimes]
        self._ydl.refuses_network = False

    def rehearsals(self) -> dict[str, Callable[[], object]]:
        """Return an extraction and a listing, which fail because requests are refused from now."""
        self._ydl.refuses_network = True
        return {
            "an extraction": lambda: self._extract("rehearsal--"),
            "a listing": lambda: next(list_chunks(self._ydl, "PLrehearsal")),
        }

    def progress(self, status: dict[str, Any]) -> None:
        """yt-dlp's progress hook."""
        self._meter.progress(status)

    def postprocessor(self, status: dict[str, Any]) -> None:
        """yt-dlp's postprocessor hook."""
        self._meter.postprocessor(status)

    def shortage(self) -> errors.DiskFull | None:
        """Return the error if the disk is filling up while ffmpeg merges.

        Called by another thread.
        """
        found = self._meter.shortage()
        if found is not None and self._attempt is not None:
            self._attempt.staged.discard_merges()
        return found

    def classify(self, failure: Exception) -> errors.YTArchiveError:
        """Return the error for a task's exception."""
        return classify(failure, self._messages.warnings)

    def extract(self, video_id: str) -> ExtractedVideo:
        """Extract a video; the info JSON is kept in staging."""
        self._begin(video_id, Wanted(), self._worker_config.info_dir)
        info = self._extract(video_id)
        self._messages.pass_on()
        return ExtractedVideo(metadata=video_metadata(info), info_path=self._info_path(video_id))

    def download(
        self,
        order: DownloadOrder,
        report: Callable[[Transfer], None],
        admit: Callable[[int], None],
        permit: Callable[[], bool],
    ) -> Downloaded:
        """Fetch a video, from an extraction of the last hour if there is one.

        `admit` is called once with the needed disk space, and returns when it is reserved. `permit`
        is called before each page of comments or chat, and returns whether to request it.
        """
        if self._worker_config.ffmpeg is None:
            raise errors.ToolMissing("ffmpeg was not found")
        profile = order.profile
        self._begin(order.video_id, Wanted.by(profile), order.folder)
        self._meter = ProgressMeter(report, DiskWatch(self._worker_config.min_free))
        self._meter.extracting()
        attempt = self._attempt = Attempt(order, admit, permit)
        attempt.staged.remove_links()
        info = self._kept_extraction(order.video_id)
        while True:
            try:
                done = self._fetch(info or self._extract(order.video_id), attempt)
            except Exception as failure:
                found, facts = attempt.explained(self.classify(failure)), facts_of(failure)
                if not attempt.should_retry_after(found, facts):
                    raise attempt.final(found, facts) from failure
                self._messages.warning(f"{found.message}; the video is extracted again")
                self._info_path(order.video_id).unlink(missing_ok=True)
                info = None
            else:
                self._messages.pass_on()
                return done

    def listing(self, source: str) -> Iterator[ListedEntries]:
        """Yield the entries of a playlist or channel, chunk by chunk, each page on demand."""
        self._begin(source, Wanted(), self._worker_config.info_dir)
        try:
            yield from list_chunks(self._ydl, source)
            self._messages.pass_on()
        except DownloadError as failure:
            if facts_of(failure).status == 404:
                raise errors.SourceGone(f"YouTube has no playlist or channel {source}") from failure
            raise

    # --- steps ------------------------------------------------------------------------------

    def _begin(self, subject: str, wanted: Wanted, folder: Path) -> None:
        self._messages.begin(subject)
        self._ydl.params.update(
            order_options(folder, wanted.container, all_audio_tracks=wanted.all_audio_tracks)
        )
        self._ydl.format_selector = selector(self._ydl, wanted)

    def _extract(self, video_id: str) -> Info:
        self._meter.extracting()
        info: Info = self._ydl.extract_info(WATCH_URL.format(video_id), download=False)
        check_identity(info, video_id)
        write_json(self._info_path(video_id), self._ydl.sanitize_info(info, True), private=True)
        return info

    def _kept_extraction(self, video_id: str) -> Info | None:
        """Return an extraction of the last hour with valid media URLs, with formats chosen."""
        path = self._info_path(video_id)
        try:
            if time.time() - path.stat().st_mtime > EXTRACTION_SECONDS:
                return None
            info = stored_json(read_regular(path))
        except (OSError, ValueError):
            return None
        if (
            not isinstance(info, dict)
            or info.get("id") != video_id
            or expires(info) < time.time() + 60
        ):
            return None
        chosen: Info = self._ydl.process_ie_result(info, download=False)
        return chosen

    def _fetch(self, info: Info, attempt: Attempt) -> Downloaded:
        check_is_out(info)
        order, staged = attempt.order, attempt.staged
        if order.without_media:
            return self._fetch_side_files(info, attempt)
        staged.open()
        self._meter.fetching(info, order.folder)
        attempt.claim_disk_space(info, self._meter.media_bytes)
        sounds = self._name_sounds(info, order)
        published = self._ydl.sanitize_info(with_sound_codec(info), True)
        with self._side_files(info, attempt) as side_files:
            self._ydl.process_info(info)
            side_files.wait(
                self._meter.fetching_side_files, at_most=self._worker_config.side_file_timeout
            )
        media = Path(info.get("filepath") or "")
        if not media.is_file():
            raise errors.StaleUrl("the transfer ended without a file")
        remarks = [
            *unusual(info, Wanted.by(order.profile)),
            *sound_remarks(info, order.profile.audio_language),
            *check_media(media, info, self._ffmpeg),
        ]
        if order.profile.sponsorblock_chapters:
            remarks += add_segments(self._ydl, info, published)
        media, differences = packaged(
            media, info, order, side_files.fetched, sounds, self._ffmpeg, self._meter
        )
        record = transferred(info, side_files.fetched, media)
        published["ext"] = media.suffix[1:]
        staged.finish(media, published, [each.target for each in side_files.fetched], record)
        self._info_path(order.video_id).unlink(missing_ok=True)
        return Downloaded(
            folder=order.folder,
            quality=None if media.suffix[1:] in SOUND_FORMATS else quality_label(info),
            audio_language=audio_language(info),
            network_bytes=self._meter.network_bytes,
            remarks=[*differences, *remarks, *self._meter.remarks, *side_files.remarks],
            **side_files.result,
        )

    def _name_sounds(self, info: Info, order: DownloadOrder) -> list[SoundTrack]:
        """Return the sound tracks whose names the file gets, also when it is merged."""
        sounds = sound_tracks(info) if order.profile.names_sounds else []
        self._ydl.params["postprocessor_args"] = merge_arguments(sounds)
        return sounds

    def _fetch_side_files(self, info: Info, attempt: Attempt) -> Downloaded:
        order = attempt.order
        with self._side_files(info, attempt) as side_files:
            side_files.wait(self._meter.fetching_side_files)
        fetched = side_files.fetched
        attempt.staged.finish_without_media(
            [each.target for each in fetched], transferred(info, fetched)
        )
        self._info_path(order.video_id).unlink(missing_ok=True)
        return Downloaded(
            folder=order.folder,
            network_bytes=0,
            remarks=[*(f"added {in_words([each.key])}" for each in fetched), *side_files.remarks],
            **side_files.result,
        )

    def _fetch_paced(self, info: Info, attempt: Attempt, side_files: SideFiles) -> None:
        """Fetch comments and live chat, which need many requests, after the media."""
        timeout = self._worker_config.side_file_timeout
        fetcher = PacedFetcher(self._ydl, attempt.permit, timeout)
        paced = PacedFiles(info, attempt.order, fetcher)
        for wanted, failure in paced.outcomes():
            side_files.note(wanted, failure)
        side_files.remarks += paced.remarks
        self.needs_replacement |= fetcher.has_hanging_thread

    @contextlib.contextmanager
    def _side_files(self, info: Info, attempt: Attempt) -> Iterator[SideFiles]:
        """Fetch side files during the block, and after it those that need many requests."""
        timeout = self._worker_config.side_file_timeout
        side_files = SideFiles(self._ydl, info, attempt.order, timeout)
        try:
            with side_files:
                yield side_files
            self._fetch_paced(info, attempt, side_files)
        finally:
            self.needs_replacement |= side_files.has_hanging_threads

    @property
    def _ffmpeg(self) -> str:
        return str(self._worker_config.ffmpeg)

    def _info_path(self, video_id: str) -> Path:
        return self._worker_config.info_dir / f"{video_id}.info.json"
