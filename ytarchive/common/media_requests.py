"""What a profile requests of the streams of a video, compared with an earlier request."""

from ytarchive.common.media_formats import SOUND_FORMATS, VideoCodec
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality

ONLY_AUDIO = "to have only audio, run `ytarchive storage remove` and then `ytarchive download`"
_UNKNOWN = ArchiveProfile()


def request_hint(
    wanted: ArchiveProfile, asked: ArchiveProfile | None, quality: str | None, media: str
) -> str:
    """Return what a profile requests of the media of a stored video, and how to fetch it.

    Empty if the media is as requested. `asked`: what was requested before. `quality` and `media`:
    the stored quality, None if unknown, and the name of the media file.
    """
    is_audio = quality == Quality.AUDIO or media.rpartition(".")[2] in SOUND_FORMATS
    if wanted.quality is Quality.AUDIO and not is_audio:
        return f"stored as a video, which audio does not replace; {ONLY_AUDIO}"
    hints = []
    if quality and wanted.may_improve(quality, asked):
        stored = f"as {quality}" if quality == Quality.AUDIO else f"at {quality}"
        hints.append(f"stored {stored}; use --upgrade to fetch {wanted.quality}")
    if lacking := only_by_download(wanted, asked):
        hints.append(f"stored without a request for {lacking}; use --force to fetch it")
    return "; ".join(hints)


def only_by_download(wanted: ArchiveProfile, asked: ArchiveProfile | None) -> str:
    """Return what a stored video may lack that only a new download gives, in words; else empty.

    `asked`: what was requested of the video before. A higher quality is not included: see
    `ArchiveProfile.may_improve`.
    """
    before = asked or _UNKNOWN
    names = [*_sound(wanted, before)]
    if wanted.quality is not Quality.AUDIO:
        names += _picture(wanted, before)
    if wanted.sponsorblock_chapters and not before.sponsorblock_chapters:
        names.append("SponsorBlock chapters")
    return ", ".join(names)


def _sound(wanted: ArchiveProfile, before: ArchiveProfile) -> list[str]:
    if before.all_audio_tracks:
        return []
    if wanted.all_audio_tracks and wanted.quality is not Quality.AUDIO:
        return ["all sound tracks"]
    language = wanted.audio_language
    return [f"sound in {language}"] if language not in {None, before.audio_language} else []


def _picture(wanted: ArchiveProfile, before: ArchiveProfile) -> list[str]:
    names = []
    if wanted.video_codec not in {VideoCodec.ANY, before.video_codec}:
        names.append(f"a picture in {wanted.video_codec}")
    if wanted.max_fps and (before.max_fps or wanted.max_fps + 1) > wanted.max_fps:
        names.append(f"at most {wanted.max_fps} frames per second")
    if before.hdr and not wanted.hdr:
        names.append("a picture without HDR")
    return names
