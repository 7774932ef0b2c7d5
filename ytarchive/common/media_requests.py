"""What a profile requests of the streams of a video, compared with an earlier request."""

from ytarchive.common.media_formats import VideoCodec
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality

_UNKNOWN = ArchiveProfile()


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


def download_hint(lacking: str) -> str:
    """Return the hint how to fetch what `only_by_download` returned; empty without it."""
    return f"stored without a request for {lacking}; use --force to fetch it" if lacking else ""


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
