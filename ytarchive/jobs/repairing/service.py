"""Queues jobs for the findings of the verification, and for adopted videos without metadata."""

from collections.abc import Awaitable, Callable, Iterable

from ytarchive.common.models import every_item
from ytarchive.common.profile import ArchiveProfile, CaptionFormat
from ytarchive.common.quality import Quality
from ytarchive.common.scheduler import Duty
from ytarchive.common.side_files import COMMENTS, DESCRIPTION, LIVE_CHAT
from ytarchive.jobs.queue.models import CreateJob, Job, JobOptions, JobType
from ytarchive.jobs.repairing.api import QueuedRepairs, RepairsAPI
from ytarchive.storage import AdoptionAPI, Finding, FindingKind, FindingQuery, VerificationAPI

_SOUND_ALONE = (".m4a", ".mka", ".mp3", ".aac", ".opus", ".ogg", ".oga", ".flac", ".wav")


class RepairService(RepairsAPI):
    """Creates one job for all videos with the same kind of lost files."""

    def __init__(
        self,
        create_job: Callable[[CreateJob], Awaitable[Job]],
        verification: VerificationAPI,
        adoption: AdoptionAPI | None,
    ) -> None:
        self._create_job = create_job
        self._verification = verification
        self._adoption = adoption

    async def repair_videos(self) -> QueuedRepairs:
        jobs = [await self._create_job(each) for each in _requests(await self._findings())]
        return QueuedRepairs(job_ids=[job.id for job in jobs])

    async def describe_adopted(self) -> QueuedRepairs:
        job_ids: list[str] = []
        adoption = self._adoption
        while adoption and (videos := await adoption.list_undescribed()).video_ids:
            request = CreateJob(type=JobType.METADATA_ONLY, video_ids=videos.video_ids)
            job_ids.append((await self._create_job(request)).id)
            await adoption.settle_undescribed(videos)
        return QueuedRepairs(job_ids=job_ids)

    @property
    def duty(self) -> Duty:
        """Return the duty that queues jobs for the metadata of adopted videos."""
        return Duty("metadata of adopted videos", self.describe_adopted, 600.0, 60.0)

    async def _findings(self) -> list[Finding]:
        found: list[Finding] = []
        query = FindingQuery(limit=1000)
        async for finding in every_item(self._verification.list_findings, query):
            found.append(finding)
            if len(found) >= 10_000:
                break
        return found


def _requests(findings: Iterable[Finding]) -> list[CreateJob]:
    """Return the jobs that fetch lost files, with the same folder, quality and captions."""
    videos: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.kind is not FindingKind.FOREIGN and finding.video_id:
            videos.setdefault(finding.video_id, []).append(finding)
    wanted: dict[str, list[str]] = {}
    described = [key for key, lost in videos.items() if all(map(_is_metadata, lost))]
    for video_id, lost in videos.items():
        if video_id not in described:
            wanted.setdefault(_options(lost).model_dump_json(), []).append(video_id)
    jobs = [
        CreateJob(
            type=JobType.VIDEO_DOWNLOAD,
            video_ids=video_ids,
            options=JobOptions.model_validate_json(options),
        )
        for options, video_ids in wanted.items()
    ]
    if described:
        jobs.append(CreateJob(type=JobType.METADATA_ONLY, video_ids=described))
    return jobs


def _options(lost: list[Finding]) -> JobOptions:
    """Return the options that fetch a video's lost files as they were."""
    first = min(lost, key=lambda each: not each.path.endswith(_SOUND_ALONE))
    captions = [each for each in lost if each.language]
    asked = first.profile or ArchiveProfile()
    names = [each.path.rpartition("/")[2] for each in lost]
    own = {
        "skip_existing": False,
        "output_dir": first.output_path,
        "quality": _quality(first),
    }
    for kind in (DESCRIPTION, COMMENTS, LIVE_CHAT):
        is_lost = any(f".{kind}" in each for each in names)
        own[f"include_{kind}"] = is_lost or asked.wants(kind)
    options = JobOptions.model_validate(asked.profile_fields | own)
    if not captions:
        return options
    found = {each.format for each in captions}
    return options.model_copy(
        update={
            "include_captions": True,
            "caption_languages": sorted({each.language for each in captions}),
            "caption_formats": [each for each in CaptionFormat if each.extension in found]
            or options.caption_formats,
            "auto_captions": True,  # the lost ones may be automatic
        }
    )


def _is_metadata(finding: Finding) -> bool:
    """Return whether a finding is about a metadata file, which is outside the video's folder."""
    return finding.path.endswith(f"/{finding.video_id}.json")


def _quality(finding: Finding) -> Quality:
    """Return the quality of the lost video, otherwise the default of jobs."""
    if finding.quality is None and finding.path.endswith(_SOUND_ALONE):
        return Quality.AUDIO
    known = set(Quality)
    return Quality(finding.quality) if finding.quality in known else JobOptions().quality
