"""Queues jobs for the findings of the verification."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import PurePosixPath

from ytarchive.common.profile import CaptionFormat
from ytarchive.common.quality import Quality
from ytarchive.jobs.queue.models import CreateJob, Job, JobOptions, JobType
from ytarchive.jobs.repairing.api import QueuedRepairs, RepairsAPI
from ytarchive.storage import Finding, FindingKind, FindingQuery, VerificationAPI

_MOST_FINDINGS = 10_000
_AT_ONCE = 1000
_SOUND_ALONE = (".m4a", ".mka", ".mp3", ".aac", ".opus", ".ogg", ".oga", ".flac", ".wav")

_Lost = tuple[str | None, Quality, tuple[str, ...], tuple[CaptionFormat, ...]]
"""What videos lost in common: their folder, quality, and captions' languages and formats."""


class RepairService(RepairsAPI):
    """Creates one job for the videos that lost the same kind of files."""

    def __init__(
        self, create_job: Callable[[CreateJob], Awaitable[Job]], verification: VerificationAPI
    ) -> None:
        self._create_job = create_job
        self._verification = verification

    async def repair_videos(self) -> QueuedRepairs:
        jobs = [await self._create_job(each) for each in _requests(await self._findings())]
        return QueuedRepairs(job_ids=[job.id for job in jobs])

    async def _findings(self) -> list[Finding]:
        found: list[Finding] = []
        query = FindingQuery(limit=_AT_ONCE)
        while len(found) < _MOST_FINDINGS:
            page = await self._verification.list_findings(query)
            found += page.items
            if page.next_cursor is None:
                break
            query = FindingQuery(limit=_AT_ONCE, cursor=page.next_cursor)
        return found


def _requests(findings: Iterable[Finding]) -> list[CreateJob]:
    """Return the jobs that fetch lost files, with the same folder, quality and captions."""
    videos: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.kind is not FindingKind.FOREIGN and finding.video_id:
            videos.setdefault(finding.video_id, []).append(finding)
    wanted: dict[_Lost, list[str]] = {}
    described = [key for key, lost in videos.items() if all(map(_is_metadata, lost))]
    for video_id, lost in videos.items():
        if video_id not in described:
            wanted.setdefault(_lost(lost), []).append(video_id)
    jobs = [_download(kind, video_ids) for kind, video_ids in wanted.items()]
    if described:
        jobs.append(CreateJob(type=JobType.METADATA_ONLY, video_ids=described))
    return jobs


def _lost(findings: list[Finding]) -> _Lost:
    first = min(findings, key=lambda each: not each.path.endswith(_SOUND_ALONE))
    return first.output_path, _quality(first), _languages(findings), _formats(findings)


def _download(kind: _Lost, video_ids: list[str]) -> CreateJob:
    folder, quality, languages, formats = kind
    options = JobOptions(
        skip_existing=False,
        output_dir=folder,
        quality=quality,
        caption_languages=list(languages),
        caption_formats=list(formats),
    )
    return CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=video_ids, options=options)


def _is_metadata(finding: Finding) -> bool:
    """Return whether a finding is about a metadata file, which is outside the video's folder."""
    return finding.path.endswith(f"/{finding.video_id}.json")


def _languages(lost: Iterable[Finding]) -> tuple[str, ...]:
    """Return the lost captions of a video, otherwise the default of jobs."""
    captions = [path for path in map(_path, lost) if path.parent.name == "captions"]
    found = sorted({path.stem.partition(".")[2] for path in captions})
    return tuple(found or JobOptions().caption_languages)


def _formats(lost: Iterable[Finding]) -> tuple[CaptionFormat, ...]:
    """Return the formats of the captions that a video had and lost, or else those of jobs."""
    found = {path.suffix[1:] for path in map(_path, lost) if path.parent.name == "captions"}
    known = [each for each in CaptionFormat if each in found]
    return tuple(known or JobOptions().caption_formats)


def _path(finding: Finding) -> PurePosixPath:
    return PurePosixPath(finding.path)


def _quality(finding: Finding) -> Quality:
    """Return the quality of the lost video, otherwise the default of jobs."""
    if finding.quality is None and finding.path.endswith(_SOUND_ALONE):
        return Quality.AUDIO
    known = set(Quality)
    return Quality(finding.quality) if finding.quality in known else JobOptions().quality
