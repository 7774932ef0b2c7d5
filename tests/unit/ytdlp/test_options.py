"""What yt-dlp is told, and what it is never told."""

import io
import re
from pathlib import Path
from typing import Any

from yt_dlp import YoutubeDL
from yt_dlp.downloader.common import FileDownloader
from yt_dlp.downloader.fragment import FragmentFD

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
        """Hear nothing."""

    def postprocessor(self, status: dict[str, object]) -> None:
        """Hear nothing."""


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
    assert {*map(tuple, every["postprocessor_args"].values())} == {
        ("-protocol_whitelist", "file,pipe")
    }


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
