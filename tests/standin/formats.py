"""The formats that the stand-in can offer, by YouTube's numbers for them."""

from dataclasses import dataclass

_USUAL_FPS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One stream of a video: what YouTube says about it and how ffmpeg makes it.

    Sizes are pixels, `fps` frames per second, `bitrate` bits per second.
    """

    itag: int
    container: str
    codecs: str
    height: int = 0
    width: int = 0
    fps: int = 0
    bitrate: int = 128_000
    audio: bool = False
    hdr: bool = False

    @property
    def mime_type(self) -> str:
        """The media type without codecs, such as `video/mp4`."""
        return ("video/" if self.height else "audio/") + self.container

    @property
    def label(self) -> str:
        """The name that viewers see, such as `720p`."""
        frames = str(self.fps) if self.fps > _USUAL_FPS else ""
        return f"{min(self.width, self.height)}p{frames}{' HDR' * self.hdr}"


def _h264(itag: int, width: int, height: int, level: str, fps: int = 25) -> Format:
    return Format(
        itag=itag,
        container="mp4",
        codecs=f"avc1.{level}",
        width=width,
        height=height,
        fps=fps,
        bitrate=width * height * 2,
    )


def _vp9(itag: int, width: int, height: int) -> Format:
    return Format(
        itag=itag,
        container="webm",
        codecs="vp9",
        width=width,
        height=height,
        fps=25,
        bitrate=width * height,
    )


def _av1(itag: int, width: int, height: int, *, hdr: bool = False) -> Format:
    return Format(
        itag=itag,
        container="mp4",
        codecs="av01.0.05M.10.0.110.09.16.09.0" if hdr else "av01.0.05M.08",
        hdr=hdr,
        width=width,
        height=height,
        fps=25,
        bitrate=width * height,
    )


FORMATS = {
    known.itag: known
    for known in (
        _h264(134, 640, 360, "4d401e"),
        _h264(135, 854, 480, "4d401e"),
        _h264(136, 1280, 720, "4d401f"),
        _h264(137, 1920, 1080, "640028"),
        _vp9(243, 640, 360),
        _vp9(247, 1280, 720),
        _vp9(248, 1920, 1080),
        _vp9(271, 2560, 1440),
        _vp9(313, 3840, 2160),
        _h264(298, 1280, 720, "4d4020", fps=60),
        _h264(299, 1920, 1080, "64002a", fps=60),
        _av1(698, 1280, 720, hdr=True),
        Format(itag=1136, container="mp4", codecs="avc1.4d401f", width=720, height=1280, fps=25),
        Format(itag=1137, container="mp4", codecs="avc1.640028", width=1080, height=1920, fps=25),
        _av1(398, 1280, 720),
        _av1(399, 1920, 1080),
        Format(itag=140, container="mp4", codecs="mp4a.40.2", audio=True),
        Format(itag=251, container="webm", codecs="opus", audio=True),
        Format(
            itag=18,
            container="mp4",
            codecs="avc1.42001E, mp4a.40.2",
            width=640,
            height=360,
            fps=25,
            bitrate=500_000,
            audio=True,
        ),
    )
}

DEFAULT_ITAGS = (134, 136, 137, 140)
"""H.264 at 360p, 720p and 1080p, and AAC: the default formats of a video."""
