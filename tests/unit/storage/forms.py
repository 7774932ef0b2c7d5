"""A stored video with real media, for tests of its form."""

import json
import subprocess
from pathlib import Path

from tests.standin.media import ffmpeg_program
from tests.unit.storage.samples import VIDEO, save_request, stage
from ytarchive.common.config import StorageConfig
from ytarchive.common.profile import ArchiveProfile
from ytarchive.storage import SaveVideo

PICTURE = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=0.6")
SOUND = ("-f", "lavfi", "-i", "sine=duration=0.6")
FILM = "film"
"""The folder of an archive with the film, which each round of `crash_rounds` copies."""
CODECS = {
    "h264": ("-c:v", "libx264", "-c:a", "aac"),
    "vp9": ("-c:v", "libvpx-vp9", "-c:a", "libopus"),
}


def made(target: Path, *arguments: str) -> Path:
    """A file that ffmpeg makes."""
    command = [ffmpeg_program(), "-y", "-v", "error", *arguments, str(target)]
    subprocess.run(command, check=True)
    return target


def staged_film(config: StorageConfig, suffix: str = ".mp4", codecs: str = "h264") -> Path:
    """A finished download of a film of half a second, with all that can be embedded."""
    folder = stage(config)
    (folder / f"{VIDEO}.mp4").unlink()
    made(folder / f"{VIDEO}{suffix}", *PICTURE, *SOUND, *CODECS[codecs])
    made(folder / f"{VIDEO}.jpg", *PICTURE, "-frames:v", "1")
    chapters = [{"start_time": 0, "end_time": 0.5, "title": "One"}]
    info = {"title": "A film", "channel": "A channel", "height": 48, "chapters": chapters}
    info |= {"ext": suffix[1:], "vcodec": codecs}
    (folder / f"{VIDEO}.info.json").write_text(json.dumps(info))
    captions = "WEBVTT\n\n00:00:00.000 --> 00:00:00.500\nSpoken\n"
    (folder / f"captions/{VIDEO}.en.vtt").write_text(captions)
    return folder


def film_request(folder: Path) -> SaveVideo:
    """The request that stores it, by the default profile."""
    return save_request(folder).model_copy(update={"profile": ArchiveProfile()})
