"""Explains what a profile chooses of a video: streams, container, side files, and the reasons."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from ytarchive.common.languages import ALL_LANGUAGES, is_group, nearest
from ytarchive.common.media_formats import VideoCodec
from ytarchive.common.models import Model
from ytarchive.common.profile import ArchiveProfile, CaptionFormat, CommentSort
from ytarchive.common.quality import Quality
from ytarchive.common.side_files import COMMENTS, DESCRIPTION, LIVE_CHAT, THUMBNAIL
from ytarchive.media import (
    PICTURE,
    SOUND,
    EmbeddedCaptions,
    Info,
    Package,
    Streams,
    chosen_formats,
    codec_of,
    extras_for,
    formats_in,
    has_picture,
    has_sound,
    is_upscaled,
    label_of,
    package_for,
    quality_label,
)
from ytarchive.ytdlp.choice import Wanted, chosen_of, name_by_language
from ytarchive.ytdlp.selection import (
    audio_language,
    beyond_limits,
    select_captions,
    sound_remarks,
    sound_tracks,
    thumbnail_urls,
    unusual,
)
from ytarchive.ytdlp.sounds import is_original, language_of

_CODECS = {"avc1": "h264", "avc3": "h264", "av01": "av1", "vp09": "vp9", "mp4a": "aac"}
"""ffmpeg's names of codecs by yt-dlp's."""


class ChoiceReason(Model):
    """Why one thing is chosen."""

    subject: str = Field(
        description="picture, sound, container, embedding, captions, thumbnail, description, "
        "comments or live chat; the last ones only if they are requested"
    )
    reason: str
    is_fallback: bool = Field(
        default=False, description="Whether it differs from the request, for lack of another"
    )


class FormatChoice(Model):
    """What would be fetched of a video now, and why."""

    profile: str | None = Field(default=None, description="The requested named profile")
    wanted: ArchiveProfile = Field(description="All fields, after profiles and defaults")
    format_ids: list[str] = Field(description="Of `formats`: picture and sound, or one with both")
    container: str = Field(description="Container of the stored media, as `mp4`")
    quality: str | None = Field(default=None, description="As `720p`; null for audio alone")
    video_codec: str | None = None
    audio_codec: str | None = Field(default=None, description="As fetched, before a conversion")
    fps: float | None = None
    audio_language: str | None = None
    captions: list[str] = Field(description="YouTube's codes of captions made by people")
    automatic_captions: list[str] = Field(description="Codes of automatic captions")
    size_bytes: int | None = Field(default=None, description="Bytes of the media, if known")
    reasons: list[ChoiceReason]


def explained(info: Info, profile: ArchiveProfile, name: str | None = None) -> FormatChoice | None:
    """Return what a profile chooses of an extracted video; None if it has no media."""
    formats, wanted = formats_in(info), Wanted.by(profile)
    name_by_language(formats)
    parts = chosen_of(formats, wanted)
    if not parts:
        return None
    found = info | {"formats": formats, "requested_formats": parts}
    picture = next(filter(has_picture, parts), {})
    tracks = _tracks(info, profile)
    package, of_container = _package(profile, found)
    sizes = [each.get("filesize") or each.get("filesize_approx") for each in parts]
    return FormatChoice(
        profile=name,
        wanted=profile,
        format_ids=[str(each["format_id"]) for each in parts],
        container=package.format,
        quality=quality_label(found),
        video_codec=codec_of(found, "vcodec"),
        audio_codec=codec_of(found, "acodec"),
        fps=picture.get("fps"),
        audio_language=audio_language(found),
        captions=[code for code, track in tracks.items() if not track.get("is_automatic")],
        automatic_captions=[code for code, track in tracks.items() if track.get("is_automatic")],
        size_bytes=sum(filter(None, sizes)) if all(sizes) else None,
        reasons=[
            *_of_picture(found, wanted),
            *_of_sound(found, wanted),
            of_container,
            *_of_embedding(profile, found, package, tracks),
            *_of_captions(profile, tracks),
            *_of_side_files(profile, info),
        ],
    )


def _of_picture(found: Info, wanted: Wanted) -> Iterator[ChoiceReason]:
    label, most = quality_label(found), wanted.quality.height
    if label is None:
        yield ChoiceReason(subject="picture", reason="none, because audio is requested")
        return
    lines = int(label[:-1])
    if wanted.quality is Quality.AUDIO:
        reason, differs = f"{label} is fetched, because YouTube has no sound alone", True
    elif most is None:
        reason, differs = f"{label} is the highest quality of this video", False
    elif lines == most:
        reason, differs = f"{label} as requested", False
    elif lines < most:
        limits = " within the limits" if wanted.max_fps or not wanted.hdr else ""
        reason = f"{label} is the next lower quality, because there is no {wanted.quality}{limits}"
        differs = True
    else:
        reason = f"{label} is the lowest quality, because YouTube has none up to {wanted.quality}"
        differs = True
    yield ChoiceReason(subject="picture", reason=reason, is_fallback=differs)
    for each in beyond_limits(found, wanted):
        yield ChoiceReason(subject="picture", reason=each, is_fallback=True)
    yield from _of_codec(found, wanted, label)


def _of_codec(found: Info, wanted: Wanted, label: str) -> Iterator[ChoiceReason]:
    """Yield why one of the pictures of equal quality is chosen."""
    formats = formats_in(found)
    picture = next(filter(has_picture, chosen_formats(found)))
    others = [each for each in formats if has_picture(each) and label_of(each, formats) == label]
    codec = codec_of(found, "vcodec") or "an unknown codec"
    if is_upscaled(picture):
        reason = "upscaled by YouTube, because this video has no other picture"
        yield ChoiceReason(subject="picture", reason=reason, is_fallback=True)
    if wanted.video_codec is not VideoCodec.ANY:
        fits = wanted.video_codec.is_of(picture.get("vcodec"))
        missing = f"because {label} does not exist in {wanted.video_codec}"
        reason = f"{codec} as requested" if fits else f"{codec}, {missing}"
        yield ChoiceReason(subject="picture", reason=reason, is_fallback=not fits)
    elif len(others) > 1:
        reason = f"{codec} of {len(others)} formats of {label}: most frames per second, then mp4"
        yield ChoiceReason(subject="picture", reason=reason)


def _of_sound(found: Info, wanted: Wanted) -> Iterator[ChoiceReason]:
    sound = next(filter(has_sound, chosen_formats(found)), None)
    if sound is None:
        yield ChoiceReason(subject="sound", reason="this video has no sound", is_fallback=True)
        return
    remarks = sound_remarks(found, wanted.audio_language)
    is_missing = any(each.startswith("no sound in") for each in remarks)
    if wanted.audio_language and not is_missing:
        reason = f"{language_of(sound)}, because {wanted.audio_language} is requested"
    elif is_missing:
        reason = "; ".join(remarks)
    elif is_original(sound) or remarks:
        reason = remarks[0] if remarks else "the original sound"
    else:
        reason = "the only sound track of this video"
    yield ChoiceReason(subject="sound", reason=reason, is_fallback=is_missing)
    if len(tracks := sound_tracks(found)) > 1:
        names = ", ".join(each.language or "unknown" for each in tracks)
        yield ChoiceReason(subject="sound", reason=f"all {len(tracks)} tracks: {names}")
    for each in unusual(found, wanted):
        if each.startswith("sound in"):
            reason = f"{each.removeprefix('sound in ')}, because YouTube has no AAC of this track"
            yield ChoiceReason(subject="sound", reason=reason, is_fallback=True)


def _package(profile: ArchiveProfile, found: Info) -> tuple[Package, ChoiceReason]:
    """Return the form of the stored file, and why it has its container."""
    parts = chosen_formats(found)
    pictures = tuple(_codec(each["vcodec"]) for each in parts if has_picture(each))
    sounds = tuple(_codec(each["acodec"]) for each in parts if has_sound(each))
    kinds = frozenset([PICTURE] * bool(pictures) + [SOUND] * bool(sounds))
    merged = "mkv" if profile.all_audio_tracks else profile.container or "mp4"
    current = str(parts[0].get("ext") or "") if len(parts) == 1 else merged
    package, remarks = package_for(profile, Streams(kinds, None, pictures, sounds), current)
    requested = profile.audio_format if profile.quality is Quality.AUDIO else profile.container
    if remarks:
        reason = "; ".join(remarks)
    elif requested != package.format:
        reason = f"{package.format}, because no other one is requested"
    else:
        is_kept = tuple(package.encoder) == ("copy",)
        reason = f"{requested} as requested" + ("" if is_kept else f", converted from {sounds[0]}")
    of_container = ChoiceReason(subject="container", reason=reason, is_fallback=bool(remarks))
    return package, of_container


def _of_embedding(
    profile: ArchiveProfile, found: Info, package: Package, tracks: dict[str, Info]
) -> Iterator[ChoiceReason]:
    """Yield what is embedded and what cannot be, by the code that embeds."""
    cover = profile.include_thumbnail and bool(thumbnail_urls(found))
    has_text = not {CaptionFormat.VTT, CaptionFormat.SRT}.isdisjoint(profile.caption_formats)
    captions = [EmbeddedCaptions(Path(f"{code}.vtt"), code) for code in tracks if has_text]
    extras, absent = extras_for(profile, found, Path("cover.jpg") if cover else None, captions)
    package, impossible = package.with_extras(extras)
    extras = package.extras
    names = [name for name, is_there in (("tags", extras.tags), ("chapters", extras.chapters),
                                         ("cover", extras.cover)) if is_there]  # fmt: skip
    if extras.captions:
        names.append(f"captions in {', '.join(each.language for each in extras.captions)}")
    if names:
        yield ChoiceReason(subject="embedding", reason=f"{', '.join(names)}, as requested")
    if profile.sponsorblock_chapters:
        reason = "chapters of SponsorBlock, which is asked after the media"
        yield ChoiceReason(subject="embedding", reason=reason)
    for each in (*absent, *impossible):
        yield ChoiceReason(subject="embedding", reason=each, is_fallback=True)


def _of_side_files(profile: ArchiveProfile, info: Info) -> Iterator[ChoiceReason]:
    """Yield what is fetched besides the media and captions, of what is requested."""
    chat = any(each == "live_chat" for each in info.get("subtitles") or {})
    order = "best" if profile.comment_sort is CommentSort.TOP else "newest"
    comments = f"at most {profile.most_comments}, the {order} first, after the media"
    found = {
        THUMBNAIL: "the largest picture of YouTube" if thumbnail_urls(info) else None,
        DESCRIPTION: "as a text file" if info.get("description") else None,
        COMMENTS: comments,
        LIVE_CHAT: "of the finished stream, after the media" if chat else None,
    }
    for name, reason in found.items():
        if profile.wants(name):
            text = reason or "none, because YouTube has none"
            subject = name.replace("_", " ")
            yield ChoiceReason(subject=subject, reason=text, is_fallback=reason is None)


def _codec(name: Any) -> str:
    short = str(name).partition(".")[0]
    return _CODECS.get(short, short)


def _tracks(info: Info, profile: ArchiveProfile) -> dict[str, Info]:
    if not profile.include_captions:
        return {}
    return select_captions(info, profile.caption_languages, automatic=profile.auto_captions)


def _of_captions(profile: ArchiveProfile, tracks: dict[str, Info]) -> Iterator[ChoiceReason]:
    if not profile.wants("captions"):
        yield ChoiceReason(subject="captions", reason="none, because none are requested")
        return
    for language in profile.caption_languages:
        codes = list(tracks) if language.lower() == ALL_LANGUAGES else nearest(language, tracks)
        codes = codes if is_group(language) else codes[:1]
        made = [code for code in codes if not tracks[code].get("is_automatic")]
        if made:
            reason = f"{language}: {', '.join(made)}, made by people"
        elif codes:
            reason = f"{language}: {codes[0]}, automatic, because people have made none"
        else:
            more = "" if profile.auto_captions else "; automatic ones are not requested"
            reason = f"{language}: none, because people have made none{more}"
        yield ChoiceReason(subject="captions", reason=reason, is_fallback=not made)
