"""Checks which registered videos have their files. An unreadable file does not block others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from loguru import logger

from ytarchive.common.errors import LocalError
from ytarchive.storage.library.existence import ExistsRequest, StoredVideos
from ytarchive.storage.library.records import NotToFetch, Registered
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore

log = logger.bind(service="storage")


@dataclass(frozen=True)
class FileStates:
    """Ids of videos, by the state of their files."""

    stored: set[str] = field(default_factory=set)
    """The media file exists."""
    described: set[str] = field(default_factory=set)
    """The metadata file exists as well."""
    failed: set[str] = field(default_factory=set)
    """Unknown: the operating system reported an error."""
    incomplete: set[str] = field(default_factory=set)
    """YouTube did not provide all files."""

    def answer(
        self,
        request: ExistsRequest,
        lacking: Collection[str],
        registered: Mapping[str, Registered],
        marked: NotToFetch,
    ) -> StoredVideos:
        """Return the result of `request`, in its order; `lacking`: further incomplete videos."""
        wanted = request.profile
        asked = list(dict.fromkeys(request.video_ids))
        stored = [each for each in asked if each in self.stored]
        return StoredVideos(
            video_ids=stored,
            incomplete=[each for each in stored if each in lacking or each in self.incomplete],
            below_quality=[
                each
                for each in stored
                if wanted and wanted.may_improve(registered[each].quality, registered[each].profile)
            ],
            to_form=[
                each
                for each in stored
                if wanted and wanted.changes_form(registered[each].profile, registered[each].media)
            ],
            hints={
                each: hint
                for each in stored
                if wanted and (hint := registered[each].hint_for(wanted))
            },
            damaged=[each for each in stored if registered[each].is_damaged],
            without_metadata=[each for each in stored if each not in self.described],
            unreachable=[each for each in asked if each in self.failed],
            removed=[each for each in asked if each in marked.removed - self.stored],
            known_elsewhere={
                each: place
                for each, place in marked.known_elsewhere.items()
                if each not in self.stored
            },
        )


async def check_files(
    registered: Mapping[str, Registered], layout: Layout, store: MediaStore
) -> FileStates:
    """Look for the files of registered videos."""
    seen = FileStates(
        incomplete={each for each, video in registered.items() if not video.is_complete}
    )
    failures: dict[str, str] = {}
    described = {each: layout.relative(layout.metadata_file(each)) for each in registered}
    media = {each: video.media for each, video in registered.items()}
    states = await store.stat([*media.values(), *described.values()])
    for video_id, key in media.items():
        try:
            if states[key].leads_to_file:
                seen.stored.add(video_id)
                if states[described[video_id]].leads_to_file:
                    seen.described.add(video_id)
        except LocalError as error:
            seen.failed.add(video_id)
            failures[video_id] = error.message
    seen.stored.difference_update(seen.failed)
    if failures:
        log.warning("{} videos cannot be looked at: {}", len(failures), _some(failures))
    return seen


def _some(failures: Mapping[str, str]) -> str:
    first = next(iter(failures.values()))
    return first if len(failures) == 1 else f"{first}, and others"
