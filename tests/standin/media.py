"""Media made by ffmpeg's test sources once, and kept between runs."""

import asyncio
import hashlib
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import imageio_ffmpeg

from .formats import FORMATS, Format

_RECIPE = 2  # counts changes of the ffmpeg commands, so that old caches are not used
_BOX_HEADER = 8
_UNFINISHED = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSpec:
    """What the media shared by all videos are like.

    `seconds` of play; `noise_kbps`, if set, replaces the compressible test picture by noise at
    that many kbit/s, so that files stay large when merged; `padding` bytes are added to every
    MP4 as an empty box, for transfers long enough to be interrupted at no cost in encoding.
    """

    seconds: int = 4
    noise_kbps: int = 0
    padding: int = 0


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One encoded stream, mapped into memory; `size` is bytes."""

    format: Format
    path: Path
    view: memoryview
    size: int


def default_cache() -> Path:
    """Return the folder that this user's runs share."""
    return Path(tempfile.gettempdir()) / f"ytarchive-standin-{os.getuid()}"


def ffmpeg_program() -> str:
    """Return the system's ffmpeg, or the one that comes with imageio-ffmpeg."""
    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())


class MediaLibrary:
    """The media files by itag, and the thumbnail picture."""

    def __init__(self, spec: MediaSpec, cache: Path | None = None) -> None:
        self.spec = spec
        self.files: dict[int, MediaFile] = {}
        self.thumbnail = b""
        self._cache = cache or default_cache()

    async def prepare(self, itags: Iterable[int]) -> None:
        """Make or find the files of these formats; one that is there already costs nothing."""
        self._cache.mkdir(parents=True, exist_ok=True)
        for itag in sorted(set(itags) - self.files.keys()):
            made = FORMATS[itag]
            path = await self._made(_encode_arguments(made, self.spec), made.container)
            if self.spec.padding and made.container == "mp4":
                path = _padded(path, self.spec.padding)
            self.files[itag] = _mapped(made, path)
        if not self.thumbnail:
            picture = await self._made(_thumbnail_arguments(), "jpg")
            self.thumbnail = picture.read_bytes()

    async def _made(self, arguments: list[str], suffix: str) -> Path:
        key = hashlib.sha256(repr((_RECIPE, arguments)).encode()).hexdigest()[:24]
        path = self._cache / f"{key}.{suffix}"
        if not path.exists():
            unfinished = _unfinished(path)
            await _run_ffmpeg([*arguments, str(unfinished)])
            unfinished.rename(path)
        return path

    def close(self) -> None:
        """Let the files go."""
        self.files.clear()


async def _run_ffmpeg(arguments: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        ffmpeg_program(),
        *("-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments),
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"ffmpeg could not make the test media: {errors.decode()}")


def _encode_arguments(made: Format, spec: MediaSpec) -> list[str]:
    arguments: list[str] = []
    if made.height:
        picture = f"testsrc2=size={made.width}x{made.height}:rate={made.fps}"
        arguments += ["-f", "lavfi", "-i", picture]
    if made.audio:
        arguments += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
    arguments += ["-t", str(spec.seconds), "-map_metadata", "-1", "-fflags", "+bitexact"]
    if made.height:
        arguments += _video_codec(made, spec)
    if made.audio:
        arguments += ["-ac", "2", "-c:a", "aac" if made.container == "mp4" else "libopus"]
    if made.container == "mp4":
        arguments += ["-movflags", "+faststart"]
    return [*arguments, "-f", made.container]


def _video_codec(made: Format, spec: MediaSpec) -> list[str]:
    quick = ["-pix_fmt", "yuv420p", "-g", "50"]
    if spec.noise_kbps:
        rate = f"{spec.noise_kbps}k"
        quick += ["-vf", "noise=alls=80:allf=t", "-b:v", rate, "-minrate", rate, "-maxrate", rate]
        quick += ["-bufsize", rate]
    if made.codecs.startswith("av01"):
        if made.hdr:
            quick[1] = "yuv420p10le"
        return ["-c:v", "libsvtav1", "-preset", "12", "-crf", "50", *quick]
    if made.container == "mp4":
        return ["-c:v", "libx264", "-preset", "veryfast", "-crf", "30", *quick]
    return ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", *quick]


def _thumbnail_arguments() -> list[str]:
    return [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=1280x720",
        "-frames:v",
        "1",
        "-update",
        "1",
        "-f",
        "image2",
    ]


def _unfinished(path: Path) -> Path:
    """Return a name of this process's own, to be renamed when the file is whole."""
    return path.with_suffix(f".{os.getpid()}-{next(_UNFINISHED)}.part")


def _padded(path: Path, padding: int) -> Path:
    """Return a copy with an empty MP4 box at its end (sparse: it takes no space on disk)."""
    copy = path.with_stem(f"{path.stem}-{padding}")
    if not copy.exists():
        unfinished = _unfinished(copy)
        shutil.copyfile(path, unfinished)
        with unfinished.open("ab") as file:
            file.write((padding + _BOX_HEADER).to_bytes(4, "big") + b"free")
            file.truncate(file.tell() + padding)
        unfinished.rename(copy)
    return copy


def _mapped(made: Format, path: Path) -> MediaFile:
    with path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return MediaFile(made, path, memoryview(mapping), len(mapping))
