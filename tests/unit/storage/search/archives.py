"""Archives with given texts, and how to wait until they can be searched."""

from datetime import UTC, datetime
from typing import Any

from tests.unit.storage.samples import metadata, save_request, stage
from tests.waiting import eventually
from ytarchive.common.config import StorageConfig
from ytarchive.storage import Hit, HitField, SaveMetadata, SearchQuery, StorageAPI
from ytarchive.storage.service import StorageService


async def store(
    storage: StorageAPI,
    config: StorageConfig,
    video_id: str,
    title: str = "A title",
    cues: str | None = None,
    **about: Any,
) -> None:
    """Store a video; `cues` are its English captions."""
    await describe(storage, video_id, title, **about)
    staged = stage(config, video_id)
    captions = staged / "captions" / f"{video_id}.en.vtt"
    if cues is None:
        captions.unlink()
        captions.parent.rmdir()
    else:
        captions.write_text(f"WEBVTT\n\n{cues}", "utf-8")
    await storage.save_video(save_request(staged, video_id))


async def describe(storage: StorageAPI, video_id: str, title: str, **about: Any) -> None:
    """Store a video's metadata alone."""
    described = metadata(video_id, title).model_copy(update={"description": ""} | about)
    await storage.save_metadata(SaveMetadata(metadata=described))


async def indexed(storage: StorageAPI) -> None:
    """Wait until everything that is stored can be found."""

    async def all_of_it() -> bool:
        return not (await storage.get_stats()).search_pending

    await eventually(all_of_it, 60)


async def found(storage: StorageService, query: str, **asked: Any) -> list[str]:
    """The ids of the videos that a query finds, in their order."""
    results = await storage.search.search(SearchQuery(query=query, **asked))
    return [video.video_id for video in results.items]


async def captions_found(storage: StorageService, query: str) -> list[Hit]:
    """The lines of captions that a query finds in the first video."""
    [video, *_] = (await storage.search.search(SearchQuery(query=query))).items
    return [hit for hit in video.hits if hit.field is HitField.CAPTION]


def day(text: str) -> datetime:
    """Noon of a day."""
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)
