"""The containers and codecs that can be requested for a media file."""

from enum import StrEnum


class Container(StrEnum):
    """The containers of videos."""

    MP4 = "mp4"
    MKV = "mkv"
    WEBM = "webm"


class AudioFormat(StrEnum):
    """The formats of sound that is stored without a picture."""

    M4A = "m4a"
    OPUS = "opus"
    MP3 = "mp3"


SOUND_FORMATS = frozenset(map(str, AudioFormat))


class VideoCodec(StrEnum):
    """The codecs of the picture that can be preferred."""

    ANY = "any"
    H264 = "h264"
    AV1 = "av1"
    VP9 = "vp9"

    def is_of(self, codec: object) -> bool:
        """Return whether a codec has this name; `codec` as yt-dlp writes it: `avc1.640028`."""
        return str(codec).startswith(_NAMES[self])


_NAMES = {
    VideoCodec.ANY: ("",),
    VideoCodec.H264: ("avc1", "avc3", "h264"),
    VideoCodec.AV1: ("av01", "av1"),
    VideoCodec.VP9: ("vp9", "vp09"),
}
