"""Builds the search result of a video."""

from typing import Any

from ytarchive.common.database import Row
from ytarchive.common.models import from_micros
from ytarchive.storage.search.documents import Track, tracks_of, unpacked
from ytarchive.storage.search.models import FoundVideo, Hit, HitField
from ytarchive.storage.search.snippets import Line, best, lines_with, text_hit
from ytarchive.storage.search.text import Places
from ytarchive.storage.store.layout import Layout


def found_video(
    row: Row, video_path: str | None, places: Places, most: int, layout: Layout
) -> FoundVideo:
    """Return a video with its hits, at most `most` of them in captions."""
    url = f"https://www.youtube.com/watch?v={row['video_id']}"
    description, captions, tracks = (unpacked(row["content"], part) for part in range(3))
    in_title = lines_with(places, row["title"])
    in_description = lines_with(places, description)
    in_captions = lines_with(places, captions)
    spoken = _caption_hits(best(in_captions, most), tracks_of(tracks), url, layout)
    return FoundVideo(
        video_id=row["video_id"],
        title=row["title"],
        channel_id=row["channel_id"],
        channel_title=row["channel_title"],
        upload_date=from_micros(row["upload_date"]) if row["upload_date"] is not None else None,
        duration=row["duration"],
        url=url,
        video_path=video_path,
        hits=[
            *(text_hit(line, field=HitField.TITLE, url=url) for line in in_title),
            *(
                text_hit(line, field=HitField.DESCRIPTION, url=url)
                for line in best(in_description, 1)
            ),
            *spoken,
        ],
        hit_count=len(in_title) + len(in_description) + len(in_captions),
    )


def _caption_hits(lines: list[Line], tracks: list[Track], url: str, layout: Layout) -> list[Hit]:
    """Return the hits in captions. `lines` are numbered across all tracks."""
    hits = []
    first = 0
    for track in tracks:
        for line in lines:
            place = line.number - first
            if 0 <= place < len(track.seconds):
                second = track.seconds[place]
                about: dict[str, Any] = {
                    "field": HitField.CAPTION,
                    "url": f"{url}&t={second}",
                    "language": track.language,
                    "seconds": second,
                    "caption_path": layout.shown(track.path),
                }
                hits.append(text_hit(line, **about))
        first += len(track.seconds)
    return hits
