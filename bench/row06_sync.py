"""Row 6: a 5,000-video list listed again, with three new videos at its head.

The first job finds everything stored and lists all; the second one is measured. The limit is the
waiting time for the list's own requests. `yt-dlp --flat-playlist` of the same list is among the
facts.
"""

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.processes import run
from bench.report import Row, middle
from bench.world import World, has_ended, program, with_programs
from tests.standin import StandInProcess
from tests.ytdlp_requests import (
    EXTRACTION,
    is_listing,
    listing_requests,
    plain_requests_of_process,
)

_VIDEOS = 5_000
_NEW = 3
_BEYOND_NETWORK = 2.0
_UPLOADS_REQUESTS = 3
"""Of the Data API. Without a key the limit is what yt-dlp needs for two pages, and one more."""
_KEYS: dict[str, dict[str, Any]] = {
    "with an API key": {"youtube__api_key": "standin-key"},
    "without a key": {},
}


def measure(world: World) -> list[Row]:
    """Requests, and seconds beyond the waiting for them, until all is known that is new."""
    rows: list[Row] = []
    for source, settings in _KEYS.items():
        for kind in ("uploads", "playlist"):
            rounds = [_one(world, kind, settings) for _ in range(3 if world.full else 1)]
            rows.append(_row("abcd"[len(rows)], kind, source, rounds))
    return rows


def _one(world: World, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Both syncs, by a server whose library has everything but the three."""
    with world.youtube() as youtube:
        wanted = youtube.ask("/playlists", {"count": _VIDEOS})["id"]
        known = list(youtube.ask("/catalogue")["videos"])
        if kind == "uploads":
            [wanted] = youtube.ask("/catalogue")["channels"]
        base_path = world.folder() / "archive"
        _archive(world, base_path, known)
        with world.server(youtube, base_path, **settings) as server:
            first = server.submit(type="PLAYLIST_DOWNLOAD", playlist_id=wanted)
            server.wait_for(first, has_ended)
            new = [youtube.ask("/videos", {})["id"] for _ in range(_NEW)]
            if kind == "playlist":
                youtube.ask("/playlists", {"id": wanted, "videos": [*new, *known]})
            youtube.reset()
            begun = time.monotonic()
            job_id = server.submit(type="PLAYLIST_DOWNLOAD", playlist_id=wanted)
            server.wait_for(job_id, _knows_what_is_new, 120)
            took = time.monotonic() - begun
            job = server.wait_for(job_id, has_ended)
            facts = {"seconds": round(took, 3), "stored": job["progress"]["succeeded"]}
            facts |= _asked(youtube)
            facts["allowed_requests"] = (
                _UPLOADS_REQUESTS if settings else _two_pages(youtube, wanted)
            )
            return facts | {"yt_dlp": _listed_by_yt_dlp(world, youtube, wanted)}


def _archive(world: World, base_path: Path, known: Iterable[str]) -> None:
    """An archive that has these videos: files, and the library that is made from them."""
    for video_id in known:
        media = base_path / "videos" / video_id / f"{video_id}.mp4"
        media.parent.mkdir(parents=True)
        media.write_bytes(video_id.encode())
        digest = hashlib.sha256(video_id.encode()).hexdigest()
        (media.parent / "checksums.sha256").write_text(f"{digest}  {media.name}\n")
    command: list[str | Path] = [program("python"), "-m", "ytarchive", "rebuild", "--json"]
    run(command, world.folder(), world.settings(base_path, None))


def _knows_what_is_new(job: dict[str, Any]) -> bool:
    progress = job["progress"]
    listed = not progress["listing"] and progress["total"] > 0
    return bool(listed and progress["total"] - progress["skipped"] == _NEW)


def _asked(youtube: StandInProcess) -> dict[str, Any]:
    """Requests to find what is new, and seconds that they took; videos asked for singly."""
    log = youtube.ask("/requests?limit=100000")
    for_list = [e for e in log if is_listing(e["kind"])]
    watched = {e["video_id"] for e in log if e["kind"] in EXTRACTION}
    return {
        "list_requests": len(for_list),
        "network_seconds": round(sum(entry["seconds"] for entry in for_list), 3),
        "videos_asked_for": len(watched),
    }


def _two_pages(youtube: StandInProcess, wanted: str) -> int:
    """Requests that yt-dlp makes for two pages of a list, and one to find the list."""
    url = f"https://www.youtube.com/playlist?list={wanted.replace('UC', 'UU', 1)}"
    arguments = ("--flat-playlist", "--playlist-items", "1:200", "--print", "id", url)
    return listing_requests(plain_requests_of_process(youtube, *arguments)) + 1


def _listed_by_yt_dlp(world: World, youtube: StandInProcess, wanted: str) -> float:
    """Seconds that `yt-dlp --flat-playlist` takes."""
    path = f"channel/{wanted}/videos" if wanted.startswith("UC") else f"playlist?list={wanted}"
    command: list[str | Path] = [
        *(program("yt-dlp"), "--ignore-config", "--quiet", "--no-warnings"),
        *("--flat-playlist", "--print", "id", "--compat-options", "no-certifi"),
        *("--proxy", youtube.proxy_url, f"https://www.youtube.com/{path}"),
    ]
    trusted = with_programs() | {"SSL_CERT_FILE": str(youtube.ca_file)}
    return round(run(command, world.folder(), trusted).wall, 3)


def _row(letter: str, kind: str, source: str, rounds: list[dict[str, Any]]) -> Row:
    requests = max(found["list_requests"] for found in rounds)
    network = middle(found["network_seconds"] for found in rounds)
    beyond = middle(found["seconds"] - found["network_seconds"] for found in rounds)
    allowed = min(found["allowed_requests"] for found in rounds)
    few = requests <= allowed if kind == "uploads" else True
    only_new = all(found["videos_asked_for"] == found["stored"] == _NEW for found in rounds)
    return Row(
        number=f"6{letter}",
        what=f"sync a {_VIDEOS}-video {kind} list with {_NEW} new, {source}",
        peer=f"{network:.1f} s, waiting for its requests",
        ours=f"{requests} requests, {network + beyond:.1f} s",
        ratio=(network + beyond) / network,
        target=(f"<= {allowed} requests, " if kind == "uploads" else "pages only, ")
        + f"< {_BEYOND_NETWORK:g} s beyond",
        is_met=few and only_new and beyond < _BEYOND_NETWORK,
        facts={"rounds": rounds},
    )
