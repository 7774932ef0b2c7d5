"""Archive profile: how a video is archived, from the request to the worker and the library."""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from ytarchive.common.languages import ALL_LANGUAGES, covered, is_group, without
from ytarchive.common.media_formats import SOUND_FORMATS, AudioFormat, Container, VideoCodec
from ytarchive.common.models import Model
from ytarchive.common.quality import Quality, lines_of
from ytarchive.common.requested_languages import AudioLanguage, CaptionLanguages
from ytarchive.common.side_files import SINGLE, Captions, captions_among, captions_in

_MORE = ("include_captions", "auto_captions", *(f"include_{each}" for each in SINGLE))
_EMBEDS = ("embed_metadata", "embed_chapters", "embed_thumbnail", "embed_captions")
_FORM = ("container", "audio_format", "all_audio_tracks", "sponsorblock_chapters", *_EMBEDS)
MOST_COMMENTS = 100_000
"""The largest number of comments that is fetched for a video."""
ORIGINAL_FORMATS = ("json3", "srv3", "ttml", "srv2", "srv1")
"""YouTube's own formats of captions, the one with most data first."""
_LONGER = ("caption_languages", "caption_formats")


class CaptionFormat(StrEnum):
    """The formats in which captions can be stored."""

    VTT = "vtt"
    SRT = "srt"
    ORIGINAL = "original"

    @property
    def extension(self) -> str:
        """Return the format of the stored file; for the original, the preferred one."""
        return ORIGINAL_FORMATS[0] if self is CaptionFormat.ORIGINAL else self.value

    @classmethod
    def _missing_(cls, value: object) -> "CaptionFormat | None":
        """Return the original format for the name of its files, as side files have it."""
        return cls.ORIGINAL if value in ORIGINAL_FORMATS else None


class CommentSort(StrEnum):
    """The order in which comments are fetched."""

    TOP = "top"
    NEW = "new"


class ArchiveProfile(Model):
    """How a video is archived."""

    # Requests of jobs and downloads have these fields by inheritance. A new field needs a
    # declaration here and code in `ytdlp/worker/`; the CLI option is derived from it, with the
    # description as its help.
    quality: Quality = Field(
        default=Quality.P1080,
        description="Largest picture; falls back to the next lower quality",
    )
    audio_language: AudioLanguage | None = Field(
        default=None,
        description="Language of the sound, such as `de` or `pt-BR`; default: the original",
    )
    audio_format: AudioFormat | None = Field(
        default=None,
        description="Format of `quality=audio`; sound in another codec is converted; default: m4a "
        "where YouTube has it",
    )
    container: Container | None = Field(
        default=None,
        description="Container of a video; `webm` needs AV1 or VP9 with Opus, otherwise it is "
        "`mkv`; default: mp4",
    )
    video_codec: VideoCodec = Field(
        default=VideoCodec.ANY,
        description="Preferred codec among pictures of equal size: `h264` plays everywhere, `av1` "
        "and `vp9` are smaller",
    )
    max_fps: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None,
        description="Maximum frames per second; if YouTube has only higher rates, the lowest; "
        "default: no limit",
    )
    hdr: bool = Field(
        default=True, description="Accept HDR pictures; otherwise only if YouTube has no others"
    )
    all_audio_tracks: bool = Field(
        default=False, description="Store all sound tracks of a video; several need `mkv`"
    )
    embed_metadata: bool = Field(
        default=False, description="Write title, channel, date and address into the media file"
    )
    embed_chapters: bool = Field(default=False, description="Write chapters into the media file")
    embed_thumbnail: bool = Field(
        default=False, description="Write the fetched thumbnail into the media file, as its cover"
    )
    embed_captions: bool = Field(
        default=False, description="Write the fetched captions into the media file"
    )
    sponsorblock_chapters: bool = Field(
        default=False,
        description="Write chapters, and SponsorBlock's segments as chapters, into the media file "
        "when it is fetched; nothing is cut",
    )
    include_captions: bool = Field(default=True, description="Fetch captions")
    caption_languages: CaptionLanguages = Field(
        default=["en"],
        description="Languages of captions (BCP 47), such as `en` or `pt-BR`; `en` accepts a "
        "regional variant, `en.*` means all variants, and `all` means every language; none: no "
        "captions",
    )
    caption_formats: Annotated[list[CaptionFormat], Field(min_length=1)] = Field(
        default=[CaptionFormat.VTT],
        description="Formats in which each language is stored; `original` is YouTube's own",
    )
    auto_captions: bool = Field(
        default=False, description="Use automatic captions for languages without other captions"
    )
    include_thumbnail: bool = Field(default=True, description="Fetch the thumbnail")
    include_description: bool = Field(
        default=False, description="Store the description as a text file"
    )
    include_comments: bool = Field(
        default=False,
        description="Fetch comments, after the media and within the limit of the request rate",
    )
    max_comments: Annotated[int, Field(ge=0, le=MOST_COMMENTS)] = Field(
        default=200,
        description="Maximum number of comments, including replies; 0: 100000",
    )
    comment_sort: CommentSort = Field(
        default=CommentSort.TOP, description="Order in which comments are fetched"
    )
    include_live_chat: bool = Field(
        default=False, description="Fetch the chat of a finished live stream"
    )

    @property
    def archive_profile(self) -> "ArchiveProfile":
        """Return the profile alone, without the other fields of a request."""
        return ArchiveProfile(**self.profile_fields)

    @property
    def profile_fields(self) -> dict[str, object]:
        """Return the fields of the profile, for a request that inherits them."""
        return {name: getattr(self, name) for name in ArchiveProfile.model_fields}

    @property
    def forms_media(self) -> bool:
        """Return whether a media file may have to be written again in another form."""
        return any(getattr(self, name) for name in _FORM)

    @property
    def names_sounds(self) -> bool:
        """Return whether the languages of the sound are written into the media file."""
        return self.all_audio_tracks or self.audio_language is not None or self.embed_metadata

    @property
    def most_comments(self) -> int:
        """Return how many comments are fetched at most."""
        return (self.max_comments or MOST_COMMENTS) if self.include_comments else 0

    @property
    def side_files(self) -> list[str]:
        """Return the side files that a video should have, as far as YouTube has them."""
        return missing_files(self, ())

    def wants(self, side_file: str) -> bool:
        """Return whether a side file is requested, or any captions."""
        if side_file in SINGLE:
            return bool(getattr(self, f"include_{side_file}"))
        return self.include_captions and bool(self.caption_languages)

    def asks_other_comments(self, before: "ArchiveProfile") -> bool:
        """Return whether comments are requested that an earlier request may not have fetched."""
        is_sorted_anew = self.comment_sort is not before.comment_sort
        return self.most_comments > (0 if is_sorted_anew else before.most_comments)

    def with_side_files_of(self, other: "ArchiveProfile | None", *, is_later: bool = False) -> Self:
        """Return this profile, with the side files of another one as well.

        `is_later`: the other one was requested after this one.
        """
        if other is None:
            return self
        more = {name: getattr(self, name) or getattr(other, name) for name in _MORE}
        longer = {
            name: list(dict.fromkeys([*getattr(self, name), *getattr(other, name)]))
            for name in _LONGER
        }
        first, last = (self, other) if is_later else (other, self)
        most = last if last.asks_other_comments(first) else first
        comments = {name: getattr(most, name) for name in ("max_comments", "comment_sort")}
        return self.model_copy(update=more | longer | comments)

    def changes_form(self, asked: "ArchiveProfile | None", media: str) -> bool:
        """Return whether a stored media file has to be written again in another form.

        `asked`: what was requested before. `media`: the name of the file, if that is not known.
        """
        suffix = media.rpartition(".")[2]
        is_sound = suffix in SOUND_FORMATS
        wanted = self.audio_format if is_sound else self.container
        before = (asked.audio_format if is_sound else asked.container) if asked else None
        embeds = any(getattr(self, name) and not getattr(asked, name, False) for name in _EMBEDS)
        return embeds or (wanted is not None and wanted != (before or suffix))

    @property
    def form(self) -> dict[str, object]:
        """Return the fields that determine the form of a media file."""
        return {name: getattr(self, name) for name in _FORM}

    def with_form_of(self, other: "ArchiveProfile") -> Self:
        """Return this profile with the form of another one; what is embedded stays embedded."""
        form = {name: getattr(other, name) or getattr(self, name)
                for name in ("container", "audio_format", *_EMBEDS)}  # fmt: skip
        return self.model_copy(update=form)

    def keeping_form_of(self, before: "ArchiveProfile") -> Self:
        """Return this profile with the form of a stored file, where this one has no other."""
        form = {name: getattr(self, name) or getattr(before, name) for name in _FORM}
        return self.model_copy(update=form)

    def may_improve(self, stored: str | None, asked: "ArchiveProfile | None") -> bool:
        """Return whether a video may exist in a better quality than the stored one.

        `stored`: as `720p` or `audio`; an unknown one counts as good enough. `asked`: what was
        requested before: YouTube had nothing better in that quality.
        """
        if stored is None or self.quality is Quality.AUDIO:
            return False
        known: float = lines_of(stored)
        if asked is not None and asked.quality is not Quality.AUDIO:
            known = max(known, asked.quality.most_lines)
        return self.quality.most_lines > known


def missing_files(wanted: ArchiveProfile, present: Collection[str]) -> list[str]:
    """Return the side files that a profile wants and that are not present, in `SideFiles` terms.

    Languages are compared by BCP 47; `all` and `en-*` are present only where they are named.
    """
    missing = [each for each in SINGLE if wanted.wants(each) and each not in present]
    there = _captions_among(present)
    for format_ in (each.extension for each in wanted.caption_formats):
        languages = [each.language for each in there if each.format == format_]
        missing += [captions_in(each, format_) for each in _lacking(wanted, languages)]
    return missing


def files_to_fetch(
    wanted: ArchiveProfile,
    asked: ArchiveProfile | None,
    present: Iterable[str],
    due: Collection[str] | None,
) -> list[str]:
    """Return the missing side files of a stored video for which a request is due.

    `asked`: what was requested before; None if unknown, which counts as all that is wanted.
    `due`: languages that YouTube did not have and that may be looked for again; None: all of them.
    """
    before, there = (asked or wanted).side_files, list(present)
    settled = [each for each in SINGLE if each in before]
    for each in captions_among(before):
        # Whether YouTube has further languages is not known: that is asked when it is due.
        is_whole = is_group(each.language) and not without(
            [each.language],
            [one.language for one in _captions_among(there) if one.format == each.format],
        )
        if is_whole or (due is not None and each.language not in due):
            settled.append(each.key)
    earlier = asked or wanted
    has_others = earlier.include_comments and wanted.asks_other_comments(earlier)
    return [*missing_files(wanted, [*there, *settled]), *["comments"] * has_others]


def _captions_among(present: Iterable[str]) -> list[Captions]:
    """Return the captions among side files; those in any of YouTube's own formats are equal."""
    return [
        each._replace(format=CaptionFormat(each.format).extension)
        if each.format in ORIGINAL_FORMATS
        else each
        for each in captions_among(present)
    ]


def _lacking(wanted: ArchiveProfile, languages: list[str]) -> list[str]:
    if ALL_LANGUAGES in languages:
        return []
    asked = wanted.caption_languages if wanted.include_captions else []
    everything = [each for each in asked if each.lower() == ALL_LANGUAGES]
    return everything or [
        each
        for each in asked
        if not (each in languages if is_group(each) else covered(each, languages))
    ]
