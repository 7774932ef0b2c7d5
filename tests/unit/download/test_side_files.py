"""Downloads of what a stored video lacks, and the courtesy after YouTube refused captions."""

import pytest
from pydantic import ValidationError

from tests.unit.download.conftest import Ear, ScriptedFetcher
from tests.waiting import until
from ytarchive.download import DownloadEvent, DownloadRequest
from ytarchive.download.service import DownloadService

VIDEO = "dQw4w9WgXcQ"
OTHER = "-_abcDEF123"


async def notice_of(
    service: DownloadService, ear: Ear, video_id: str = VIDEO, *only_missing: str
) -> DownloadEvent:
    """Download to the end; the next download of the video is another one."""
    ear.arrived.clear()
    await service.start_download(
        DownloadRequest(video_id=video_id, only_missing=list(only_missing))
    )
    await until(ear.arrived.is_set)
    await until(lambda: video_id not in service._transfers._by_video)
    return ear.heard[-1]


async def test_only_what_is_missing_is_ordered_in_a_folder_of_its_own(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    fetcher.finish.set()
    notice = await notice_of(service, ear, VIDEO, "captions:de", "captions:pt-BR")
    [order] = fetcher.orders
    assert order.without_media
    assert (order.profile.include_captions, order.profile.include_thumbnail) == (True, False)
    assert order.known_captions == ["de", "pt-BR"]
    assert order.profile.caption_languages == []
    assert order.folder.name != VIDEO
    assert notice.only_missing == ["captions:de", "captions:pt-BR"]


async def test_captions_that_youtube_did_not_have_are_sought_as_the_request_says(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    fetcher.finish.set()
    only = ["captions:de", "captions:he"]
    request = DownloadRequest(video_id=VIDEO, only_missing=only, sought_captions=["he"])
    await service.start_download(request)
    await ear.arrived.wait()
    [order] = fetcher.orders
    assert (order.known_captions, order.profile.caption_languages) == (["de"], ["he"])
    assert not order.profile.auto_captions


@pytest.mark.parametrize("name", ["media", "captions:", "captions:../x", "thumbnail "])
def test_nothing_else_can_be_asked_for(name: str) -> None:
    with pytest.raises(ValidationError):
        DownloadRequest(video_id=VIDEO, only_missing=[name])


async def test_after_a_refusal_captions_are_spared_for_a_while(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    fetcher.finish.set()
    fetcher.missing, fetcher.captions_refused = ["captions:en"], True
    assert (await notice_of(service, ear)).missing == ["captions:en"]
    fetcher.captions_refused = False
    await notice_of(service, ear, OTHER)
    assert [order.spares_captions for order in fetcher.orders] == [False, True]

    told = await notice_of(service, ear, VIDEO, "captions:en")
    assert len(fetcher.orders) == 2, "it was not worth a question"
    assert told.missing == ["captions:en"]
    assert "YouTube refuses captions at present" in told.remarks[0]
    await notice_of(service, ear, VIDEO, "captions:en", "thumbnail")
    assert fetcher.orders[-1].spares_captions

    service._transfers._attempts._orders._captions_from = 0.0  # ten minutes later
    await notice_of(service, ear, VIDEO, "captions:en")
    assert not fetcher.orders[-1].spares_captions
