"""Row 5: how soon the first download of a 5,000-video playlist starts, in pages' times."""

import time
from typing import Any

from bench.report import Row, middle
from bench.world import BenchServer, World, has_ended
from tests.harness import until
from tests.standin import StandInProcess

_VIDEOS = 5_000
_TARGET = 5
_ROUNDS = 3


def measure(world: World) -> list[Row]:
    """With the Data API and without; the server has worked before, as servers have."""
    with world.youtube() as youtube:
        video = youtube.ask("/videos", {})["id"]
        playlist = youtube.ask("/playlists", {"count": _VIDEOS})["id"]
        return [
            _row(world, youtube, video, playlist, "a", "Data API", "api:playlistItems", "watch"),
            _row(world, youtube, video, playlist, "b", "no key", "browse", "media"),
        ]


def _row(
    world: World,
    youtube: StandInProcess,
    video: str,
    playlist: str,
    letter: str,
    source: str,
    page: str,
    first: str,
) -> Row:
    """`first` is the kind of request that a download begins with.

    Without a key the extraction that precedes it serves the metadata as well, so that the download
    itself begins with the media.
    """
    key = {"youtube__api_key": "standin-key"} if letter == "a" else {}
    rounds = []
    for _ in range(_ROUNDS):
        with world.server(youtube, **key) as server:
            server.wait_for(server.submit(type="VIDEO_DOWNLOAD", video_ids=[video]), has_ended)
            rounds.append(_one(server, youtube, playlist, page, first))
    pages = middle(found["seconds"] / found["page_seconds"] for found in rounds)
    page_seconds = middle(found["page_seconds"] for found in rounds)
    return Row(
        number=f"5{letter}",
        what=f"first download of a {_VIDEOS}-video playlist ({source})",
        peer=f"{1000 * page_seconds:.0f} ms, one page",
        ours=f"{1000 * middle(found['seconds'] for found in rounds):.0f} ms",
        ratio=pages,
        target=f"<= {_TARGET} pages' time",
        is_met=pages <= _TARGET,
        facts={"rounds": rounds},
    )


def _one(
    server: BenchServer, youtube: StandInProcess, playlist: str, page: str, first: str
) -> dict[str, Any]:
    youtube.reset()
    asked = time.time()
    job_id = server.submit(type="PLAYLIST_DOWNLOAD", playlist_id=playlist)
    until(lambda: youtube.counters()["kinds"].get(first), "the first download")
    pages_then = youtube.counters()["kinds"].get(page, 0)
    until(lambda: youtube.counters()["kinds"].get(page, 0) >= 5, "five pages")
    started = min(entry["time"] for entry in _requests(youtube, first))
    listed = [entry["seconds"] for entry in _requests(youtube, page) if entry["finished"]]
    server.post(f"/jobs/{job_id}/cancel")
    return {
        "seconds": round(started - asked, 3),
        "page_seconds": middle(listed),
        "pages_listed_then": pages_then,
    }


def _requests(youtube: StandInProcess, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = youtube.ask(f"/requests?kind={kind}&limit=1000")
    return found
