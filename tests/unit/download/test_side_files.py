"""Downloads of missing files of a stored video, and the pause after YouTube refused captions."""

import pytest
from pydantic import ValidationError

from tests.unit.download.conftest import Ear, ScriptedFetcher
from tests.waiting import until
from ytarchive.download import DownloadEvent, DownloadRequest
from ytarchive.download.service import DownloadService

VIDEO = "dQw4w9WgXcQ"
OTHER = "-_abcDEF123"


async def event_of(
    service: DownloadService, ear: Ear, video_id: str = VIDEO, *only_missing: str
) -> DownloadEvent:
    """Download to the end; the next download of the video is another one."""
    ear.arrived.clear()
    await service.start_download(
        DownloadRequest(video_id=video_id, only_missing=list(only_missing))
    )
    await until(ear.arrived.is_set)
    await until(lambda: video_id not in service._transfers._queues.video_ids())
    return ear.heard[-1]


async def test_only_missing_files_are_fetched_into_a_separate_folder(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    fetcher.finish.set()
    event = await event_of(service, ear, VIDEO, "captions:de", "captions:pt-BR")
    [order] = fetcher.orders
    assert order.without_media
    assert (order.profile.include_captions, order.profile.include_thumbnail) == (True, False)
    assert order.known_captions == ["de", "pt-BR"]
    assert order.profile.caption_languages == []
    assert order.folder.name != VIDEO
    assert event.only_missing == ["captions:de", "captions:pt-BR"]


async def test_absent_captions_are_rechecked_with_the_options_of_the_request(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    fetcher.finish.set()
    only = ["captions:de", "captions:he"]
    request = DownloadRequest(video_id=VIDEO, only_missing=only, recheck_captions=["he"])
    await service.start_download(request)
    await ear.arrived.wait()
    [order] = fetcher.orders
    assert (order.known_captions, order.profile.caption_languages) == (["de"], ["he"])
    assert not order.profile.auto_captions


@pytest.mark.parametrize("name", ["media", "captions:", "captions:../x", "thumbnail "])
def test_other_side_files_cannot_be_requested(name: str) -> None:
    with pytest.raises(ValidationError):
        DownloadRequest(video_id=VIDEO, only_missing=[name])


async def test_after_a_refusal_captions_are_not_requested_for_some_minutes(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    fetcher.finish.set()
    fetcher.missing, fetcher.captions_refused = ["captions:en"], True
    assert (await event_of(service, ear)).missing == ["captions:en"]
    fetcher.captions_refused = False
    await event_of(service, ear, OTHER)
    assert [order.omits_captions for order in fetcher.orders] == [False, True]

    event = await event_of(service, ear, VIDEO, "captions:en")
    assert len(fetcher.orders) == 2, "it was not worth a question"
    assert event.missing == ["captions:en"]
    assert "YouTube refuses captions at present" in event.remarks[0]
    await event_of(service, ear, VIDEO, "captions:en", "thumbnail")
    assert fetcher.orders[-1].omits_captions

    service._transfers.attempts._orders._captions_from = 0.0  # ten minutes later
    await event_of(service, ear, VIDEO, "captions:en")
    assert not fetcher.orders[-1].omits_captions
