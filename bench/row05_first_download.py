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
    """With the Data API and without; the server has worked before, as servers have.

    A download starts with the first request for its video, the extraction; the first request for
    media is among the facts.
    """
    with world.youtube() as youtube:
        video = youtube.ask("/videos", {})["id"]
        playlist = youtube.ask("/playlists", {"count": _VIDEOS})["id"]
        by_api = _rounds(world, youtube, video, playlist, "api:playlistItems", "standin-key")
        by_yt_dlp = _rounds(world, youtube, video, playlist, "browse", "")
    return [_row("a", "with an API key", by_api), _row("b", "without a key", by_yt_dlp)]


def _rounds(
    world: World, youtube: StandInProcess, video: str, playlist: str, page: str, key: str
) -> list[dict[str, Any]]:
    settings: dict[str, Any] = {"youtube__api_key": key} if key else {}
    rounds = []
    for _ in range(_ROUNDS):
        with world.server(youtube, **settings) as server:
            server.wait_for(server.submit(type="VIDEO_DOWNLOAD", video_ids=[video]), has_ended)
            rounds.append(_one(server, youtube, playlist, page))
    return rounds


def _one(server: BenchServer, youtube: StandInProcess, playlist: str, page: str) -> dict[str, Any]:
    youtube.reset()
    asked = time.time()
    job_id = server.submit(type="PLAYLIST_DOWNLOAD", playlist_id=playlist)
    until(lambda: youtube.counters()["kinds"].get("media"), "the first download")
    until(lambda: youtube.counters()["kinds"].get(page, 0) >= 5, "five pages")
    begun = min(entry["time"] for entry in _requests(youtube, "watch"))
    listed = [entry for entry in _requests(youtube, page) if entry["finished"]]
    server.post(f"/jobs/{job_id}/cancel")
    return {
        "seconds": round(begun - asked, 3),
        "seconds_to_media": round(_requests(youtube, "media")[0]["time"] - asked, 3),
        "page_seconds": middle(entry["seconds"] for entry in listed),
        "pages_listed_before": sum(entry["time"] < begun for entry in listed),
    }


def _requests(youtube: StandInProcess, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = youtube.ask(f"/requests?kind={kind}&limit=10000")
    return found


def _row(letter: str, source: str, rounds: list[dict[str, Any]]) -> Row:
    pages = middle(found["seconds"] / found["page_seconds"] for found in rounds)
    page_seconds = middle(found["page_seconds"] for found in rounds)
    return Row(
        number=f"5{letter}",
        what=f"first download of a {_VIDEOS}-video playlist, {source}",
        peer=f"{1000 * page_seconds:.0f} ms, one page",
        ours=f"{1000 * middle(found['seconds'] for found in rounds):.0f} ms",
        ratio=pages,
        target=f"<= {_TARGET} pages' time",
        is_met=pages <= _TARGET,
        facts={"rounds": rounds},
    )
