"""Captions and thumbnails that did not come: told by name, and fetched without the media later."""

import pytest

from tests.integration.ytdlp.helpers import Archive, files, ignore
from tests.standin import Fault

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_failed_is_missing_and_comes_without_the_media(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(captions=("en", "de"))
    wanted = archive.order(video.id, caption_languages=["en", "de", "fr"])
    archive.youtube.behaviour.faults += [
        Fault(kind="caption", status=403),
        Fault(kind="thumbnail", status=503),
    ]
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert done.missing == ["captions:en", "captions:de", "thumbnail"]
    assert not done.captions_refused
    archive.youtube.behaviour.change(faults=[])
    archive.youtube.reset()
    rest = wanted.model_copy(
        update={"without_media": True, "folder": archive.base / ".ytarchive/staging/rest"}
    )
    done = await archive.ytdlp.download(rest, ignore, ignore)
    assert files(done.folder) == {
        f"captions/{video.id}.en.vtt",
        f"captions/{video.id}.de.vtt",
        f"{video.id}.jpg",
    }
    assert done.missing == []
    assert done.remarks == [
        "added captions in en", "added captions in de", "added thumbnail", "no captions in fr",
    ]  # fmt: skip
    assert archive.media_seen() == done.network_bytes == 0


async def test_what_youtube_does_not_have_is_not_missing(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults += [
        Fault(kind="caption", status=404),
        Fault(kind="thumbnail", status=404),
    ]
    wanted = archive.order(video.id, caption_languages=["en", "fr"])
    assert (await archive.ytdlp.download(wanted, ignore, ignore)).missing == []


async def test_after_too_many_requests_no_more_captions_are_asked_for(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(captions=("de", "en", "fr"))
    archive.youtube.behaviour.faults += [Fault(kind="caption", status=429)]
    wanted = archive.order(video.id, caption_languages=["all"])
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert done.captions_refused
    assert done.missing == ["captions:de", "captions:en", "captions:fr"]
    assert archive.youtube.requests.counts["caption"] == 1
    assert done.remarks == [
        "no captions in de: HTTP Error 429: Too Many Requests",
        "no captions in en: not asked for, because YouTube refuses captions at present",
        "no captions in fr: not asked for, because YouTube refuses captions at present",
    ]


async def test_captions_are_not_asked_for_when_they_are_to_be_spared(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    wanted = archive.order(video.id, spares_captions=True)
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert done.missing == ["captions:en"]
    assert not done.captions_refused
    assert "caption" not in archive.youtube.requests.counts


async def test_a_thumbnail_is_asked_for_twice_when_a_server_stumbles(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults += [Fault(kind="thumbnail", status=503, times=1)]
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert (done.missing, done.remarks) == ([], [])
    assert archive.youtube.requests.counts["thumbnail"] == 2


async def test_a_thumbnail_that_is_no_image_is_told_in_words(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults += [Fault(kind="thumbnail", status=200, body="sorry")]
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert done.remarks == ["no thumbnail: what YouTube sent is not an image"]
    assert done.missing == ["thumbnail"]
