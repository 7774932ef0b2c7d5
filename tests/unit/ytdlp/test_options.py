"""The options of yt-dlp, and options that are never set."""

import io
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from yt_dlp import YoutubeDL
from yt_dlp.downloader.common import FileDownloader
from yt_dlp.downloader.fragment import FragmentFD

from ytarchive.media import ffmpeg_path
from ytarchive.ytdlp.options import WorkerConfig, order_options, worker_options

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
        """Ignore the progress."""

    def postprocessor(self, status: dict[str, object]) -> None:
        """Ignore the postprocessor."""


def options(folder: Path, **given: Any) -> dict[str, Any]:
    worker_config = WorkerConfig(info_dir=folder, cache_dir=folder, **given)
    return worker_options(worker_config, None, Hooks())


def test_nothing_that_runs_programs_or_reaches_elsewhere_is_ever_set(tmp_path: Path) -> None:
    every = options(
        tmp_path, ffmpeg="/bin/ffmpeg", javascript=("deno", "/bin/deno"), proxy="http://p:1",
        ca_bundle=tmp_path / "ca", rate_limit=5000,
    )  # fmt: skip
    every |= order_options(tmp_path)
    assert not DANGEROUS & every.keys()
    assert every["allowed_extractors"] == ["youtube.*"]
    assert every["enable_file_urls"] is False
    assert {tuple(given[:2]) for given in every["postprocessor_args"].values()} == {
        ("-protocol_whitelist", "file,pipe")
    }


_HDR = "-pix_fmt yuv420p10le -colorspace bt2020nc -color_trc smpte2084 -color_primaries bt2020"
PICTURES = {
    "progressive": ("h264.mp4", "-c:v libx264 -bf 2 -movflags +faststart"),
    "fragmented": ("dash.mp4", "-c:v libx264 -bf 2 -movflags +dash+frag_keyframe+empty_moov"),
    "coloured": ("hdr.mp4", f"-c:v libx264 {_HDR} -movflags +frag_keyframe+empty_moov"),
    "stretched": ("sar.mp4", "-vf setsar=4/3 -c:v libx264"),
    "vp9": ("vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
}


@pytest.mark.parametrize(("name", "how"), PICTURES.values(), ids=PICTURES)
def test_merged_file_equals_that_of_yt_dlps_own_arguments(
    tmp_path: Path, name: str, how: str
) -> None:
    ffmpeg(tmp_path, f"-f lavfi -i testsrc2=size=128x96:rate=25 -t 1 {how} {name}")
    ffmpeg(tmp_path, "-f lavfi -i sine -t 1 -c:a aac sound.m4a")
    into = "-i sound.m4a -c copy -map 0:v:0 -map 1:a:0 -movflags +faststart"
    ours = " ".join(options(tmp_path)["postprocessor_args"]["merger+ffmpeg_i1"])
    ffmpeg(tmp_path, f"{ours} -i {name} {into} ours.mp4")
    ffmpeg(tmp_path, f"-i {name} {into} plain.mp4")
    assert (tmp_path / "ours.mp4").read_bytes() == (tmp_path / "plain.mp4").read_bytes()


def ffmpeg(folder: Path, arguments: str) -> None:
    command = [str(ffmpeg_path()), "-v", "error", "-y", *arguments.split()]
    subprocess.run(command, cwd=folder, check=True)


def test_yt_dlp_knows_every_option(tmp_path: Path) -> None:
    given = options(tmp_path, ffmpeg="/bin/ffmpeg", rate_limit=5000)
    given |= order_options(tmp_path)
    documented = f"{YoutubeDL.__doc__}{FileDownloader.__doc__}{FragmentFD.__doc__}"
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
