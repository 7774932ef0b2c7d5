"""Selects captions and thumbnail of a video from yt-dlp's info."""

import itertools
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from ytarchive.common.languages import ALL_LANGUAGES, is_group, nearest
from ytarchive.common.media_formats import Container, VideoCodec
from ytarchive.common.profile import ORIGINAL_FORMATS
from ytarchive.common.quality import Quality
from ytarchive.media import (
    Info,
    SoundTrack,
    caption_languages,
    chosen_formats,
    codec_of,
    formats_in,
    has_picture,
    has_sound,
    is_hdr,
    is_upscaled,
    parts_of,
)
from ytarchive.ytdlp.choice import Wanted
from ytarchive.ytdlp.sounds import (
    Kind,
    SoundChoice,
    kind_of,
    language_of,
    name_of,
    several_languages,
)

_LANGUAGE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_KINDS = {
    Kind.ORIGINAL: "original sound",
    Kind.UNMARKED: "sound",
    Kind.DUB: "dubbed sound",
    Kind.DESCRIPTION: "audio description",
}


def audio_language(info: Info) -> str | None:
    """Return the language code of the chosen sound; None if it is not known or there is none."""
    sound = next(filter(has_sound, chosen_formats(info)), None)
    return language_of(sound) if sound else None


def sound_tracks(info: Info) -> list[SoundTrack]:
    """Return the chosen sound tracks in their order in the file."""
    return [
        SoundTrack(language_of(each) or "", f"{name_of(each)}, {_KINDS[kind_of(each)]}")
        for each in filter(has_sound, chosen_formats(info))
    ]


def with_sound_codec(info: Info) -> Info:
    """Return an info with the codec of the first sound; yt-dlp names none for several tracks."""
    sound = next(filter(has_sound, chosen_formats(info)), None)
    return info | {"acodec": sound.get("acodec")} if sound else info


def unusual(info: Info, wanted: Wanted) -> list[str]:
    """Return remarks about missing sound, and codecs that were not requested.

    Without a request, codecs that some players do not support are reported.
    """
    picture, sound = codec_of(info, "vcodec"), codec_of(info, "acodec")
    found = _unusual_picture(picture, wanted) if picture else []
    if sound not in {None, "mp4a"} and not wanted.converts_sound:
        found += [f"sound in {sound}"] * (not (wanted.prefers_opus and sound == "opus"))
    found += beyond_limits(info, wanted)
    if any(is_upscaled(each) for each in chosen_formats(info)):
        found.append("picture upscaled by YouTube")
    if sound is None:
        found.append("no sound")
    if wanted.quality is Quality.AUDIO and picture and not wanted.converts_sound:
        found.append("with the picture, because YouTube has no sound alone")
    return found


def _unusual_picture(codec: str, wanted: Wanted) -> list[str]:
    if wanted.video_codec is not VideoCodec.ANY:
        because = f", because there is no {wanted.video_codec} like it"
        return [] if wanted.video_codec.is_of(codec) else [f"picture in {codec}{because}"]
    is_usual = codec == "avc1" or wanted.container is Container.WEBM
    return [] if is_usual else [f"picture in {codec}"]


def beyond_limits(info: Info, wanted: Wanted) -> list[str]:
    """Return remarks about a picture outside the requested limits."""
    found = []
    for each in filter(has_picture, chosen_formats(info)):
        if wanted.max_fps and (each.get("fps") or 0) > wanted.max_fps:
            found.append(f"{each['fps']:g} frames a second, because there are no fewer")
        if not wanted.hdr and is_hdr(each):
            found.append("picture in HDR, because there is no other")
    return found


def sound_remarks(info: Info, requested: str | None) -> list[str]:
    """Return remarks about the chosen sound track, and whether the requested one is missing."""
    formats = formats_in(info)
    sound = next(filter(has_sound, chosen_formats(info)), None)
    if sound is None:
        return []
    is_missing = requested is not None and not SoundChoice(formats, requested).is_granted
    remarks = [f"no sound in {requested}"] if is_missing else []
    if is_missing or several_languages(formats):
        what = _KINDS[kind_of(sound)]
        remarks.append(f"{what}: {name_of(sound)}")
    return remarks


def select_captions(info: Info, languages: list[str], *, automatic: bool) -> dict[str, Info]:
    """Return the track to fetch by language code, for each requested language that exists.

    Captions made by people come first: the nearest by BCP 47 (`iw` or `en-US` for `he`, `en`).
    `all` and `en-*` mean all captions made by people, because YouTube translates automatic ones
    into a hundred languages; without any, `en-*` is the nearest automatic one. `is_automatic` of a
    track distinguishes them. `originals` of a track are the same one in YouTube's own formats, the
    preferred first.
    """
    tables = [info.get("subtitles") or {}, (automatic and info.get("automatic_captions")) or {}]
    everything = caption_languages(info)
    asked = (_codes(each, everything) for each in languages)
    found = (_first(tables, name) for name in itertools.chain.from_iterable(asked))
    chosen: dict[str, Info] = {}
    for code, track in filter(None, found):
        chosen.setdefault(code, track)
    return chosen


def _codes(wanted: str, everything: list[str]) -> list[str]:
    """Return the languages that a requested one means, of those with captions made by people."""
    if wanted.lower() == ALL_LANGUAGES:
        return everything
    return (is_group(wanted) and nearest(wanted, everything)) or [wanted]


def _first(tables: list[dict[str, list[Info]]], wanted: str) -> tuple[str, Info] | None:
    for table, is_automatic in zip(tables, (False, True), strict=True):
        if found := _language(table, wanted):
            code, track = found
            return code, track | {"is_automatic": is_automatic}
    return None


def _language(table: dict[str, list[Info]], wanted: str) -> tuple[str, Info] | None:
    for code in nearest(wanted, table):
        tracks = {each.get("ext"): each for each in table.get(code) or []}
        if "vtt" in tracks and _LANGUAGE.fullmatch(code):
            own = [tracks[each] for each in ORIGINAL_FORMATS if each in tracks]
            return code, tracks["vtt"] | {"originals": own}
    return None


def thumbnail_urls(info: Info) -> list[str]:
    """Return the URLs to try, largest picture first.

    The JPEG of a picture is requested before the WebP that yt-dlp prefers: a JPEG is stored
    unchanged, and a converted WebP is compressed twice. Only YouTube's own image servers are used.
    """
    ranked = sorted(
        info.get("thumbnails") or [], key=lambda each: each.get("preference") or 0, reverse=True
    )
    pictures: dict[str, list[str]] = {}
    for url in (each.get("url") or "" for each in ranked):
        if is_served_by(("ytimg.com", "ggpht.com", "googleusercontent.com"), url):
            pictures.setdefault(PurePosixPath(urlsplit(url).path).stem, []).append(url)
    best = list(pictures.values())[:6]
    return [url for forms in best for url in sorted(dict.fromkeys(forms), key=_is_no_jpeg)]


def _is_no_jpeg(url: str) -> bool:
    return not urlsplit(url).path.endswith((".jpg", ".jpeg"))


def is_served_by(hosts: Iterable[str], url: str) -> bool:
    """Return whether an https URL leads to one of the hosts or their subdomains, at port 443."""
    parts = parts_of(url)
    host = parts.hostname or ""
    named = any(host == known or host.endswith(f".{known}") for known in hosts)
    return (
        parts.scheme == "https" and named and parts.netloc.lower().endswith((host, f"{host}:443"))
    )
