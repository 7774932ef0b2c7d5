"""What yt-dlp is told, and what it is never told."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from yt_dlp import YoutubeDL
from yt_dlp.downloader.common import FileDownloader

from ytarchive.common.quality import Quality
from ytarchive.ytdlp.options import Equipment, order_options, worker_options

DANGEROUS = {
    "allow_unplayable_formats",
    "cookiesfrombrowser",
    "exec_cmd",
    "external_downloader",
    "external_downloader_args",
    "force_generic_extractor",
    "ignoreerrors",
    "load_pages",
    "netrc_cmd",
    "nocheckcertificate",
    "plugin_dirs",
    "print_to_file",
    "remote_components",
    "usenetrc",
}


class Hooks:
    def progress(self, status: dict[str, object]) -> None:
        """Hear nothing."""

    def postprocessor(self, status: dict[str, object]) -> None:
        """Hear nothing."""


def options(folder: Path, **given: Any) -> dict[str, Any]:
    equipment = Equipment(info_dir=folder, cache_dir=folder, **given)
    return worker_options(equipment, None, Hooks())


def test_nothing_that_runs_programs_or_reaches_elsewhere_is_ever_set(tmp_path: Path) -> None:
    every = options(
        tmp_path, ffmpeg="/bin/ffmpeg", javascript=("deno", "/bin/deno"), proxy="http://p:1",
        ca_bundle=tmp_path / "ca", rate_limit=5000,
    )  # fmt: skip
    every |= order_options(Quality.BEST, tmp_path)
    assert not DANGEROUS & every.keys()
    assert every["allowed_extractors"] == ["youtube.*"]
    assert every["enable_file_urls"] is False
    assert {*map(tuple, every["postprocessor_args"].values())} == {
        ("-protocol_whitelist", "file,pipe")
    }


def test_yt_dlp_knows_every_option(tmp_path: Path) -> None:
    given = options(tmp_path, ffmpeg="/bin/ffmpeg", rate_limit=5000)
    given |= order_options(Quality.P720, tmp_path)
    documented = f"{YoutubeDL.__doc__}{FileDownloader.__doc__}"
    assert given.keys() <= set(re.findall(r"\w+", documented))


def test_settings_become_options(tmp_path: Path) -> None:
    given = options(
        tmp_path, javascript=("node", "/n"), proxy="socks5://h:1", ca_bundle=tmp_path / "b.pem",
        rate_limit=5000, timeout=7,
    )  # fmt: skip
    assert given["js_runtimes"] == {"node": {"path": "/n"}}
    assert (given["proxy"], given["socket_timeout"]) == ("socks5://h:1", 7)
    assert (given["ratelimit"], given["compat_opts"]) == (5000, {"no-certifi"})


def test_yt_dlp_never_gets_the_users_cookies_file(tmp_path: Path) -> None:
    jar = tmp_path / "cookies.txt"
    jar.write_text("# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t0\tA\tsecret\n")
    cookies = options(tmp_path, cookies_file=jar)["cookiefile"]
    assert isinstance(cookies, io.StringIO)
    with YoutubeDL({"cookiefile": cookies, "quiet": True}) as ydl:
        assert [cookie.value for cookie in ydl.cookiejar] == ["secret"]
    assert [path.name for path in tmp_path.iterdir()] == ["cookies.txt"]


def format_(number: int, height: int, ext: str = "mp4", fps: int = 30) -> dict[str, object]:
    return {
        "format_id": str(number), "url": "https://x/", "ext": ext, "protocol": "https",
        "height": height, "width": height * 16 // 9, "fps": fps, "acodec": "none",
        "vcodec": "avc1" if ext == "mp4" else "vp9",
    }  # fmt: skip


def audio(number: int, ext: str) -> dict[str, object]:
    codec = "mp4a.40.2" if ext == "m4a" else "opus"
    return {
        "format_id": str(number), "url": "https://x/", "ext": ext, "protocol": "https",
        "vcodec": "none", "acodec": codec, "abr": 128 if ext == "m4a" else 160,
    }  # fmt: skip


USUAL = [
    format_(134, 360), format_(136, 720), format_(137, 1080), format_(248, 1080, "webm"),
    format_(299, 1080, fps=60), format_(313, 2160, "webm"), audio(140, "m4a"), audio(251, "webm"),
]  # fmt: skip

CHOICES = [
    (Quality.BEST, "313+140"),
    (Quality.P2160, "313+140"),
    (Quality.P1440, "299+140"),
    (Quality.P1080, "299+140"),
    (Quality.P720, "136+140"),
    (Quality.P480, "134+140"),
    (Quality.P360, "134+140"),
    (Quality.AUDIO, "140"),
]


@pytest.mark.parametrize(("quality", "expected"), CHOICES)
def test_the_quality_or_the_next_lower_one_is_chosen(
    tmp_path: Path, quality: Quality, expected: str
) -> None:
    info = {
        "id": "dQw4w9WgXcQ", "title": "t", "extractor": "youtube", "extractor_key": "Youtube",
        "webpage_url": "https://x/", "formats": [dict(each) for each in USUAL],
    }  # fmt: skip
    with YoutubeDL({"quiet": True} | order_options(quality, tmp_path)) as ydl:
        assert ydl.process_ie_result(info, download=False)["format_id"] == expected
