"""Media and side files: their content, and whether they are complete.

Nothing here imports yt-dlp; its info of a video is read as a dictionary, because the archive
keeps it as `<id>.info.json`.
"""

from ytarchive.media.captions import CAPTION_FORMATS, Cue, cues_of, subrip, webvtt
from ytarchive.media.contents import (
    LARGEST_FILE,
    ContentError,
    as_jpeg,
    jpeg_decoder,
    require_captions,
    require_json_captions,
    require_xml_captions,
)
from ytarchive.media.descriptions import (
    caption_languages,
    parts_of,
    video_metadata,
    without_secrets,
)
from ytarchive.media.embedding import EMBEDDABLE, EmbeddedCaptions, SoundTrack, extras_for
from ytarchive.media.ffmpeg import FILES_ALONE, ffmpeg_path
from ytarchive.media.formats import (
    Info,
    agree,
    agreed_seconds,
    chosen_formats,
    codec_of,
    formats_in,
    has_picture,
    has_sound,
    is_hdr,
    is_upscaled,
    label_of,
    note_of,
    own_seconds,
    quality_label,
    xtags,
)
from ytarchive.media.inspection import check_media, header_of, require_playable
from ytarchive.media.packaging import (
    Package,
    PackagingError,
    package_for,
    sound_arguments,
    write_package,
)
from ytarchive.media.streams import PICTURE, SOUND, Streams, pages_of, streams_of
