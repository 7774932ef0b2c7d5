"""Rows 1 to 3 share one workload: new videos of three sizes, by yt-dlp, xargs and the server."""

import functools
import hashlib
import json
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.processes import Cost, own_cpu, run, tree_cpu
from bench.report import Row, middle
from bench.world import World, has_ended, program, with_programs
from tests.standin import StandInProcess
from ytarchive.media import ffmpeg_path
from ytarchive.ytdlp.tools import javascript_runtime

_OPTIONS = (
    *("--format", "bv*+ba/b", "--format-sort", "res:720,fps,ext:mp4:m4a"),
    *("--merge-output-format", "mp4", "--write-info-json", "--no-mtime"),
    *("--write-thumbnail", "--convert-thumbnails", "jpg"),
    *("--write-subs", "--sub-langs", "en", "--sub-format", "vtt"),
    *("--output", "%(id)s/%(id)s.%(ext)s"),
    *("--output", "subtitle:%(id)s/captions/%(id)s.%(ext)s"),
    *("--ignore-config", "--no-update", "--quiet", "--no-warnings"),
)
_OWN_FILES = {"checksums.sha256", "manifest.json"}


@dataclass(frozen=True)
class Workload:
    """New videos of one size: how many, how many per process of xargs, the stand-in's options."""

    megabytes: float
    videos: int
    per_process: int
    media: tuple[str, ...]

    @property
    def name(self) -> str:
        """The workload in a row's text."""
        return f"{self.videos} new videos of {self.megabytes:g} MB"


WORKLOADS = {
    "0.3": Workload(0.3, 60, 8, ()),
    "4": Workload(4, 60, 8, ("--media-seconds", "5", "--media-kbps", "6400")),
    "40": Workload(40, 16, 2, ("--media-seconds", "50", "--media-kbps", "6400")),
}


@dataclass(frozen=True)
class Archived:
    """One round of one tool. `server_cpu` is CPU seconds of the server without its workers."""

    cost: Cost
    requests: int
    kinds: dict[str, int]
    files: dict[str, str]
    server_cpu: float = 0


@dataclass(frozen=True)
class Comparison:
    """All rounds of all tools over the same videos."""

    workload: Workload
    one: list[Archived]
    xargs: list[Archived]
    ours: list[Archived]

    @property
    def same_files(self) -> bool:
        """Whether every round of every tool left the same files: names, streams and content."""
        rounds = [*self.one, *self.xargs, *self.ours]
        return all(each.files == rounds[0].files for each in rounds)

    def facts(self) -> dict[str, Any]:
        """Every round, for the results file."""
        shown = {"one yt-dlp": self.one, "xargs": self.xargs, "ours": self.ours}
        return {name: [_shown(each) for each in rounds] for name, rounds in shown.items()} | {
            "same_files": self.same_files,
            "files_per_video": len(self.ours[0].files) / self.workload.videos,
        }

    def cpu(self, rounds: Sequence[Archived]) -> float:
        """CPU seconds of all processes for each video, the median."""
        return middle(each.cost.cpu / self.workload.videos for each in rounds)

    @property
    def server_cpu(self) -> float:
        """CPU seconds of the server, without its workers, for each video, the median."""
        return middle(each.server_cpu / self.workload.videos for each in self.ours)

    def requests(self, rounds: Sequence[Archived]) -> float:
        """Requests that reached YouTube for each video, the median."""
        return median(each.requests for each in rounds) / self.workload.videos


def wall_row(
    number: str,
    compared: Comparison,
    peer_rounds: Sequence[Archived],
    peer_name: str,
    targets: dict[float, float],
) -> Row:
    """The row of the seconds on the clock. `targets`: how many times faster, by megabytes."""
    peer, ours = _wall(peer_rounds), _wall(compared.ours)
    target = targets.get(compared.workload.megabytes, 0)
    return Row(
        number=number,
        what=f"archive {compared.workload.name}",
        peer=f"{peer:.2f} s, {peer_name}",
        ours=f"{ours:.2f} s",
        ratio=peer / ours,
        target=f">= {target:g}x faster, same files" if target else "same files",
        is_met=peer / ours >= target and compared.same_files,
    )


def _wall(rounds: Sequence[Archived]) -> float:
    """Seconds on the clock, the median."""
    return middle(each.cost.wall for each in rounds)


def compare_all(world: World) -> list[Comparison]:
    """Compare the tools with videos of each size that this run measures."""
    return [_compare(world, WORKLOADS[size]) for size in world.sizes]


@functools.cache
def _compare(world: World, workload: Workload) -> Comparison:
    """Archive the videos with each tool in turn, so that noise affects all of them."""
    one, xargs, ours = [], [], []
    with world.youtube(*workload.media) as youtube:
        numbers = range(workload.videos)
        made = ({"title": f"Video {number}", "captions": ["en"]} for number in numbers)
        ids = [youtube.ask("/videos", video)["id"] for video in made]
        for number in range(3):
            ours.append(_by_server(world, youtube, ids))
            xargs.append(_by_yt_dlp(world, youtube, ids, workload.per_process))
            if world.full or number == 0:
                one.append(_by_yt_dlp(world, youtube, ids))
    return Comparison(workload, one, xargs, ours)


def _by_server(world: World, youtube: StandInProcess, ids: list[str]) -> Archived:
    """A server without work, and without worker processes: those are started by the job."""
    youtube.reset()
    with world.server(youtube) as server:
        pid = server.pid
        cpu_before, own_before, started = tree_cpu(pid), own_cpu(pid), time.monotonic()
        job_id = server.submit(
            type="VIDEO_DOWNLOAD",
            video_ids=ids,
            options={"quality": "720p", "caption_languages": ["en"]},
        )
        job = server.wait_for(job_id, has_ended)
        cost = Cost(time.monotonic() - started, tree_cpu(pid) - cpu_before)
        own = own_cpu(pid) - own_before
        if job["progress"]["succeeded"] != len(ids):
            raise RuntimeError(f"not everything was archived: {job['progress']}")
    return _archived(youtube, cost, server.base_path / "videos", own)


def _by_yt_dlp(
    world: World, youtube: StandInProcess, ids: list[str], per_process: int | None = None
) -> Archived:
    """yt-dlp configured for the same files; its CPU time includes its start, as the server's does.

    With `per_process` xargs runs eight processes at a time, for so many videos each.
    """
    youtube.reset()
    folder = world.folder()
    batch, target = folder / "list", folder / "videos"
    batch.write_text("".join(f"https://www.youtube.com/watch?v={each}\n" for each in ids))
    yt_dlp: list[str | Path] = [program("yt-dlp"), *_OPTIONS, *_conditions(youtube, folder)]
    yt_dlp += ["--paths", target]
    if per_process:
        command = ["xargs", "-a", batch, "-P", "8", "-n", str(per_process), *yt_dlp]
    else:
        command = [*yt_dlp, "--batch-file", batch]
    trusted = with_programs() | {"SSL_CERT_FILE": str(youtube.ca_file)}
    return _archived(youtube, run(command, folder, trusted), target)


def _conditions(youtube: StandInProcess, folder: Path) -> list[str | Path]:
    """The same way to YouTube and the same programs as the server has."""
    ffmpeg, javascript = ffmpeg_path(), javascript_runtime()
    assert ffmpeg is not None
    assert javascript is not None
    return [
        *("--proxy", youtube.proxy_url, "--compat-options", "no-certifi"),
        *("--ffmpeg-location", ffmpeg, "--js-runtimes", ":".join(javascript)),
        *("--cache-dir", folder / "cache"),
    ]


def _archived(youtube: StandInProcess, cost: Cost, videos: Path, server_cpu: float = 0) -> Archived:
    kinds = youtube.counters()["kinds"]
    asked = sum(number for kind, number in kinds.items() if kind != "connect")
    return Archived(cost, asked, kinds, _fingerprints(videos), server_cpu)


def _fingerprints(videos: Path) -> dict[str, str]:
    """Every file by name: of media the streams and the size, of info.json the id, else the digest.

    The server's list of digests and its manifest are its own additions.
    """
    found = (path for path in sorted(videos.rglob("*")) if path.is_file())
    return {
        path.relative_to(videos).as_posix(): _fingerprint(path)
        for path in found
        if path.name not in _OWN_FILES
    }


def _fingerprint(path: Path) -> str:
    if path.suffix == ".mp4":
        return f"{path.stat().st_size} bytes; {'; '.join(_streams(path))}"
    if path.name.endswith(".info.json"):
        return str(json.loads(path.read_text())["id"])
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _streams(path: Path) -> list[str]:
    command = [str(ffmpeg_path()), "-hide_banner", "-i", str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return re.findall(r"Stream #.*", output)


def _shown(round_: Archived) -> dict[str, Any]:
    return asdict(round_) | {"files": len(round_.files)}
