"""Named profiles of the settings, in process and over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.unit.jobs.conftest import Workshop, ended, videos
from ytarchive.common.config import load_settings
from ytarchive.common.errors import InvalidRequest, UnknownFailure
from ytarchive.common.media_formats import Container
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.jobs import (
    JobQuery,
    JobsAPI,
    ProfilesAPI,
    RepairsAPI,
    RetryWorkPlans,
)
from ytarchive.jobs.service import JobsService
from ytarchive.storage import FailedDownload, Finding, FindingKind, WorkPlanRequest

PROFILES = {
    "default": {"caption_languages": ["de"], "quality": "720p"},
    "small": {"quality": "360p", "include_thumbnail": False},
}
FILM = "dQw4w9WgXcQ"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    settings = load_settings(profiles=PROFILES, download={"pace": "off"})
    return Workshop(tmp_path, settings)


@pytest.fixture
async def service(workshop: Workshop) -> AsyncIterator[JobsService]:
    async with workshop.open() as opened:
        yield opened


@pytest.mark.parametrize(
    ("given", "quality", "languages", "thumbnail"),
    [
        ({}, "720p", ["de"], True),
        ({"quality": "1080p"}, "1080p", ["de"], True),
        ({"profile": "default"}, "720p", ["de"], True),
        ({"profile": "small"}, "360p", ["de"], False),
        ({"profile": "small", "quality": "1080p"}, "1080p", ["de"], False),
        ({"profile": "small", "caption_languages": ["en"]}, "360p", ["en"], False),
        ({"profile": "music", "include_thumbnail": True}, "audio", ["de"], True),
    ],
)
async def test_given_fields_precede_the_named_profile_and_this_the_default(
    reach: Reach[Any],
    service: JobsService,
    given: dict[str, Any],
    quality: str,
    languages: list[str],
    thumbnail: bool,
) -> None:
    jobs: JobsAPI = await reach(JobsAPI, service)
    job = await jobs.create_job(videos(FILM, **given))
    options = (await jobs.get_job(job.id)).options
    assert options == job.options
    assert options.profile == given.get("profile")
    assert (options.quality, options.caption_languages) == (quality, languages)
    assert options.include_thumbnail is thumbnail


async def test_unknown_profile_is_refused_with_the_known_names(
    reach: Reach[Any], service: JobsService
) -> None:
    jobs: JobsAPI = await reach(JobsAPI, service)
    with pytest.raises(InvalidRequest, match="known profiles: default, music, small") as caught:
        await jobs.create_job(videos(FILM, profile="smal"))
    assert caught.value.detail().details == {
        "fields": {"profile": "unknown"}, "known": ["default", "music", "small"]
    }  # fmt: skip
    assert not (await service.list_jobs(JobQuery())).items


async def test_profiles_are_listed_with_the_source_of_each_field(
    reach: Reach[Any], service: JobsService
) -> None:
    profiles: ProfilesAPI = await reach(ProfilesAPI, service.subjects()[ProfilesAPI])
    found = {each.name: each for each in await profiles.list_profiles()}
    assert {name: each.is_built_in for name, each in found.items()} == {
        "default": False, "music": True, "small": False
    }  # fmt: skip
    fields = {each.name: (each.value, each.source) for each in found["small"].fields}
    assert list(fields) == list(ArchiveProfile.model_fields)
    assert fields["quality"] == ("360p", "small")
    assert fields["caption_languages"] == (["de"], "default")
    assert fields["caption_formats"] == (["vtt"], "")
    assert all(each.meaning for each in found["small"].fields)


async def test_changed_settings_do_not_change_a_stored_job(workshop: Workshop) -> None:
    workshop.download.failures[FILM] = [UnknownFailure("broken")]
    async with workshop.open() as service:
        job = await service.create_job(videos(FILM, profile="small", max_retries=0))
        assert (await ended(service, job.id)).status == "FAILED"
    changed = replace(workshop, settings=load_settings(download={"pace": "off"}))
    async with changed.open() as service:
        again = await service.retry_job(job.id)
        assert again.options == job.options
        assert (await ended(service, job.id)).status == "COMPLETED"
    assert changed.download.received[-1].quality is Quality.P360


async def test_repairs_fetch_what_was_stored_and_foreign_plans_the_default(
    workshop: Workshop, service: JobsService
) -> None:
    lost = Finding(
        video_id=FILM, path=f"videos/{FILM}/{FILM}.mp4", kind=FindingKind.MISSING,
        found_at=workshop.storage.now(), detail="missing", is_removed=True, quality="1080p",
        output_path="videos",
    )  # fmt: skip
    workshop.storage.findings = [lost]
    repairs = cast("RepairsAPI", service.subjects()[RepairsAPI])
    repaired = await service.get_job((await repairs.repair_videos()).job_ids[0])
    assert (repaired.options.quality, repaired.options.caption_languages) == ("1080p", ["en"])
    asked = ArchiveProfile(quality=Quality.P480, container=Container.MKV, caption_languages=["fr"])
    workshop.storage.findings = [lost.model_copy(update={"profile": asked})]
    repaired = await service.get_job((await repairs.repair_videos()).job_ids[0])
    assert repaired.options.archive_profile == asked.model_copy(update={"quality": Quality.P1080})

    plan = await workshop.storage.create_work_plan(
        WorkPlanRequest(
            job_id="elsewhere", failed_downloads=[FailedDownload(video_id="abcdefghijk")]
        )
    )
    report = await service.retry_work_plans(RetryWorkPlans(plan_id=plan.id))
    [retried] = report.jobs
    assert retried.job_id is not None
    assert (await service.get_job(retried.job_id)).options.quality is Quality.P720
