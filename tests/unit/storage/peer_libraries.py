"""Libraries with the names that other programs use by default. Each sample cites its source.

A sample writes the files of the given videos to a folder.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.unit.storage.foreign_libraries import (
    CAPTIONS,
    JPEG,
    SUBRIP,
    info,
    media,
    of_yt_dlp,
    write_file,
)

CHANNEL = "UCuAXFkgsw1L7xaCfnd5JJOw"
Sample = Callable[[Path, Sequence[str]], None]


def nfo(video_id: str, root: str = "episodedetails") -> str:
    """What programs write for media servers."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>\n'
        f"<{root}>\n<title>A title: with a colon</title>\n<showtitle>A channel</showtitle>\n"
        f'<uniqueid type="youtube" default="true">{video_id}</uniqueid>\n'
        f"<plot>Described &amp; more</plot>\n<aired>2009-10-25</aired>\n</{root}>\n"
    )


def yt_dlp(folder: Path, video_ids: Sequence[str]) -> None:
    """`%(title)s [%(id)s].%(ext)s`: yt_dlp/utils/_utils.py, DEFAULT_OUTTMPL."""
    for video_id in video_ids:
        of_yt_dlp(folder, video_id)
    lines = [f"youtube {video_id}\n" for video_id in video_ids]
    write_file(folder / "download-archive.txt", "".join([*lines, "vimeo 12345\n"]))


def youtube_dl(folder: Path, video_ids: Sequence[str]) -> None:
    """`%(title)s-%(id)s.%(ext)s`: youtube_dl/utils.py, DEFAULT_OUTTMPL."""
    for video_id in video_ids:
        write_file(folder / f"A title-{video_id}.mp4", media())
        write_file(folder / f"A title-{video_id}.en.vtt", CAPTIONS)


def pinchflat(folder: Path, video_ids: Sequence[str]) -> None:
    """`/{{ source_custom_name }}/{{ upload_yyyy_mm_dd }} {{ title }}/{{ title }} [{{ id }}]`.

    kieraneglin/pinchflat, lib/pinchflat/profiles/media_profile.ex.
    """
    for number, video_id in enumerate(video_ids):
        place = folder / "A source" / f"2009-10-25 A title {number}"
        stem = f"A title {number} [{video_id}]"
        write_file(place / f"{stem}.mp4", media())
        write_file(place / f"{stem}.info.json", info(video_id))
        write_file(place / f"{stem}-thumb.jpg", JPEG)
        write_file(place / f"{stem}.en.srt", SUBRIP)
        write_file(place / f"{stem}.nfo", nfo(video_id))
    write_file(folder / "A source" / "tvshow.nfo", nfo(CHANNEL, "tvshow"))
    write_file(folder / "A source" / "poster.jpg", JPEG)


def pinchflat_media_center(folder: Path, video_ids: Sequence[str]) -> None:
    """`/shows/{{ source_custom_name }}/Season <year>/s<year>e<month><day><n> - {{ title }}`.

    kieraneglin/pinchflat, media_profile_html.ex; the id is in the NFO file of nfo_builder.ex.
    """
    season = folder / "shows" / "A source" / "Season 2009"
    for number, video_id in enumerate(video_ids):
        write_file(season / f"s2009e10250{number} - A title.mp4", media())
        write_file(season / f"s2009e10250{number} - A title.nfo", nfo(video_id))
        write_file(season / f"s2009e10250{number} - A title-thumb.jpg", JPEG)


def tubesync(folder: Path, video_ids: Sequence[str]) -> None:
    """`{yyyy_mm_dd}_{source}_{title}_{key}_{format}.{ext}`.

    meeb/tubesync, tubesync/tubesync/settings.py, MEDIA_FORMATSTR_DEFAULT; the format is that of
    `get_display_format` in sync/models/media.py.
    """
    for video_id in video_ids:
        stem = f"2009-10-25_a-source_a-title_{video_id}_1080p-avc1-mp4a-60fps-hdr"
        write_file(folder / "video" / "a-source" / f"{stem}.mkv", media(".mkv"))
        write_file(folder / "video" / "a-source" / f"{stem}.jpg", JPEG)
        write_file(folder / "video" / "a-source" / f"{stem}.nfo", nfo(video_id))


def tube_archivist(folder: Path, video_ids: Sequence[str]) -> None:
    """`<channel id>/<video id>.mp4`: tubearchivist/tubearchivist, docs on the media folder."""
    for video_id in video_ids:
        write_file(folder / CHANNEL / f"{video_id}.mp4", media())
        write_file(folder / CHANNEL / f"{video_id}.en.vtt", CAPTIONS)


def ytdl_sub(folder: Path, video_ids: Sequence[str]) -> None:
    """`Season <year>/s<year>.e<month><day><n> - <title>.mp4`, ids in the download archive.

    jmbannon/ytdl-sub, prebuilt_presets/tv_show/episode.yaml; ytdl_additions/
    enhanced_download_archive.py: `.ytdl-sub-{subscription_name}-download-archive.json`.
    """
    recorded = {}
    for number, video_id in enumerate(video_ids):
        stem = f"Season 2009/s2009.e10250{number} - A title"
        names = [f"{stem}-thumb.jpg", f"{stem}.mp4"]
        recorded[video_id] = {
            "extractor": "youtube", "file_names": names, "upload_date": "2009-10-25",
        }  # fmt: skip
        for name, content in zip(names, (JPEG, media()), strict=True):
            write_file(folder / "A show" / name, content)
    write_file(folder / "A show" / ".ytdl-sub-A show-download-archive.json", json.dumps(recorded))


def youtarr(folder: Path, video_ids: Sequence[str]) -> None:
    """`<channel>/<channel> - <title> - id/<channel> - <title> [id].mp4`.

    DialmasterOrg/Youtarr, server/modules/filesystem/constants.js, and with a subfolder
    docs/YOUTARR_DOWNLOADS_FOLDER_STRUCTURE.md.
    """
    for number, video_id in enumerate(video_ids):
        stem = f"A channel - A title [{video_id}]"
        channel = folder / "__Kids" / "A channel" if number else folder / "A channel"
        place = channel / (stem if number else f"A channel - A title - {video_id}")
        write_file(place / f"{stem}.mp4", media())
        write_file(place / f"{stem}.jpg", JPEG)
        write_file(place / f"{stem}.en.srt", SUBRIP)
        write_file(place / f"{stem}.nfo", nfo(video_id, "movie"))


def metube(folder: Path, video_ids: Sequence[str]) -> None:
    """`%(title)s.%(ext)s`, or `%(playlist_title)s/%(title)s.%(ext)s`; ids in the state folder.

    alexta69/metube, app/main.py, OUTPUT_TEMPLATE; app/ytdl.py, PersistentQueue and DownloadInfo.
    """
    items = []
    for number, video_id in enumerate(video_ids):
        name = f"A playlist/A title {number}.mp4" if number else "A title.mp4"
        url = f"https://www.youtube.com/watch?v={video_id}"
        found = {"id": video_id, "url": url, "folder": "", "filename": name, "status": "finished"}
        items.append({"key": url, "info": found})
        write_file(folder / name, media())
    state = {"schema_version": 2, "kind": "persistent_queue:completed", "items": items}
    write_file(folder / ".metube" / "completed.json", json.dumps(state))


def youtubedl_material(folder: Path, video_ids: Sequence[str]) -> None:
    """`video/%(title)s.mp4` and `audio/%(title)s.mp3` with info.json.

    Tzahi12345/YoutubeDL-Material, backend/downloader.js, generateArgs: yt-dlp gets a name that
    ends with `.mp4`, to which it appends the suffix of a side file if the media is no MP4.
    """
    for number, video_id in enumerate(video_ids):
        name, suffix = (f"video/A title {number}", ".mp4") if number else ("audio/A song", ".mp3")
        write_file(folder / f"{name}{suffix}", media(suffix))
        between = suffix if number > 1 else ""
        write_file(folder / f"{name}{between}.info.json", info(video_id, ext=suffix[1:]))
        write_file(folder / f"{name}{between}.jpg", JPEG)


SAMPLES: dict[Sample, int] = {
    yt_dlp: 7, youtube_dl: 2, pinchflat: 4, pinchflat_media_center: 2, tubesync: 2,
    tube_archivist: 2, ytdl_sub: 2, youtarr: 3, metube: 1, youtubedl_material: 3,
}  # fmt: skip
"""Samples, and how many files of each video the archive keeps."""
