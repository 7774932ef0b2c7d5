"""yt-dlp sends requests only to YouTube's servers, whatever pages, redirects or files contain."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ytdlp.helpers import Archive, files, ignore
from tests.standin import Fault
from ytarchive.common import errors
from ytarchive.ytdlp.worker.network import is_youtube
from ytarchive.ytdlp.worker.sponsorblock import HOST

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = [
    "http://127.0.0.1:8000/api/v1/jobs",
    "https://127.0.0.1/x.jpg",
    "http://169.254.169.254/latest/meta-data/",
    "https://evil.example/x.jpg",
    "https://i.ytimg.com.evil.example/x.jpg",
    "http://i.ytimg.com/x.jpg",
    "file:///etc/passwd",
    "//evil.example/x.jpg",
    "https://[::1/x.jpg",
    "https://i.ytimg.com:8443/x.jpg",
]


def asked(archive: Archive) -> set[str]:
    """The servers to which requests were sent or attempted."""
    entries = archive.youtube.requests.entries
    return {entry.host or entry.path for entry in entries}


def is_only_youtube(archive: Archive) -> bool:
    return all(is_youtube(f"https://{host}/") for host in asked(archive))


def with_info(archive: Archive, video_id: str, **changed: Any) -> None:
    """An extraction as a hostile page could have made it, from which a download continues."""
    path = archive.base / ".ytarchive" / "staging" / "info" / f"{video_id}.info.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps(info | changed))


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_a_thumbnail_elsewhere_is_not_fetched(archive: Archive, target: str) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    with_info(archive, video.id, thumbnails=[{"url": target}], thumbnail=target)
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert is_only_youtube(archive)
    assert [each.startswith("no thumbnail: ") for each in done.remarks] == [True]


REDIRECTS = [(302, target) for target in ELSEWHERE]
REDIRECTS += [(status, ELSEWHERE[0]) for status in (301, 303, 307, 308)]


@pytest.mark.parametrize(("status", "target"), REDIRECTS)
async def test_a_redirect_elsewhere_is_not_followed(
    archive: Archive, status: int, target: str
) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults.append(Fault(kind="thumbnail", status=status, location=target))
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert is_only_youtube(archive)
    [remark] = done.remarks
    assert remark.startswith("no thumbnail: ")
    assert not (done.folder / f"{video.id}.jpg").exists()


@pytest.mark.parametrize("is_requested", [False, True])
async def test_sponsorblocks_server_is_reached_only_for_requested_segments(
    archive: Archive, is_requested: bool
) -> None:
    video = archive.youtube.catalogue.add_video()
    target = f"https://{HOST}/thumbnail.jpg"
    archive.youtube.behaviour.faults.append(Fault(kind="thumbnail", status=302, location=target))
    order = archive.order(video.id, sponsorblock_chapters=is_requested)
    done = await archive.ytdlp.download(order, ignore, ignore)
    assert any(each.startswith("no thumbnail: ") for each in done.remarks)
    paths = [each.path for each in archive.youtube.requests.entries if each.host == HOST]
    assert bool(paths) is is_requested
    assert all(path.startswith("/api/skipSegments/") for path in filter(None, paths))


async def test_a_redirect_within_youtube_is_followed(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    target = f"https://i9.ytimg.com/vi/{video.id}/hqdefault.jpg"
    archive.youtube.behaviour.faults.append(
        Fault(kind="thumbnail", status=302, location=target, times=1)
    )
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert "i9.ytimg.com" in asked(archive)
    assert not done.remarks


@pytest.mark.parametrize("kind", ["watch", "player", "media"])
async def test_no_kind_of_request_is_redirected_to_other_hosts(archive: Archive, kind: str) -> None:
    video = archive.youtube.catalogue.add_video()
    target = "http://169.254.169.254/latest/meta-data/"
    archive.youtube.behaviour.faults.append(Fault(kind=kind, status=302, location=target))
    with pytest.raises(errors.NetworkFailure, match=r"169\.254\.169\.254 is not one of YouTube's"):
        await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert is_only_youtube(archive)


@pytest.mark.parametrize("target", ELSEWHERE[:6])
async def test_media_elsewhere_are_not_fetched(archive: Archive, target: str) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    path = archive.base / ".ytarchive" / "staging" / "info" / f"{video.id}.info.json"
    formats = json.loads(path.read_text())["formats"]
    with_info(archive, video.id, formats=[each | {"url": target} for each in formats])
    with pytest.raises(errors.YTArchiveError, match="YouTube's servers"):
        await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert is_only_youtube(archive)


@pytest.mark.parametrize("protocol", ["m3u8", "m3u8_native", "http_dash_segments", "rtmp", "rtsp"])
async def test_ffmpeg_and_external_downloaders_are_not_used_for_streams(
    archive: Archive, protocol: str
) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    path = archive.base / ".ytarchive" / "staging" / "info" / f"{video.id}.info.json"
    changed = {"protocol": protocol, "url": ELSEWHERE[0], "fragments": [{"url": ELSEWHERE[0]}]}
    formats = [each | changed for each in json.loads(path.read_text())["formats"]]
    with_info(archive, video.id, formats=formats)
    with pytest.raises(errors.YTArchiveError):
        await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert is_only_youtube(archive)


async def test_captions_elsewhere_are_not_fetched(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    subtitles = {"en": [{"ext": "vtt", "url": ELSEWHERE[0]}]}
    with_info(archive, video.id, subtitles=subtitles)
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert is_only_youtube(archive)
    assert [each.startswith("no captions in en: ") for each in done.remarks] == [True]
    assert "captions" not in " ".join(files(done.folder))


async def test_only_addresses_of_youtube_are_extracted(archive: Archive, tmp_path: Path) -> None:
    """Whatever is given as a list is asked of YouTube; nothing else has an extractor."""
    for source in ("http://127.0.0.1:1/", "file:///etc/passwd", "../../x"):
        with pytest.raises(errors.YTArchiveError):
            await anext(archive.ytdlp.list_entries(source))
    assert is_only_youtube(archive)


CONFIG = "--exec 'touch {mark}'\n--netrc\n--plugin-dirs {folder}\n--proxy http://127.0.0.1:9\n"
PLUGIN = "from pathlib import Path\nPath({mark!r}).touch()\n"


async def test_foreign_configuration_and_plugins_are_not_used(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "was-run"
    config = CONFIG.format(mark=mark, folder=tmp_path)
    for folder in (tmp_path, tmp_path / "yt-dlp", tmp_path / ".yt-dlp"):
        folder.mkdir(exist_ok=True)
        for name in ("yt-dlp.conf", "config", "config.txt"):
            (folder / name).write_text(config)
    for place in ("", "yt-dlp/plugins/evil", "yt-dlp-plugins/evil", "yt_dlp"):
        extractors = tmp_path / place / "yt_dlp_plugins" / "extractor"
        extractors.mkdir(parents=True)
        (extractors / "evil.py").write_text(PLUGIN.format(mark=str(mark)))
    (tmp_path / ".netrc").write_text("machine youtube login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    video = archive.youtube.catalogue.add_video()
    async with archive.other() as ytdlp:
        done = await ytdlp.download(archive.order(video.id), ignore, ignore)
    assert (done.folder / f"{video.id}.mp4").is_file()
    assert not mark.exists()


JAR = "# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t4102444800\tSID\ts3cr3t-cookie\n"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs Linux's /proc")
async def test_no_secret_is_in_an_argument_a_file_or_the_environment(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("YOUTUBE_API_KEY", "YTARCHIVE_SERVER__TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "s3cr3t-of-the-server")
    jar = tmp_path / "cookies.txt"
    jar.write_text(JAR)
    jar.chmod(0o600)
    before = jar.stat()
    proxy = archive.youtube.proxy_url.replace("//", "//me:s3cr3t-proxy@")
    network = {"cookies_file": jar, "proxy": proxy}
    seen: list[bytes] = []

    def look(_: object) -> None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if process.stat().st_uid == os.getuid() and int(process.name) != os.getpid():
                    seen.extend((process / name).read_bytes() for name in ("cmdline", "environ"))
            except OSError:  # gone already, or none of ours
                continue

    video = archive.youtube.catalogue.add_video()
    async with archive.other(network) as ytdlp:
        done = await ytdlp.download(archive.order(video.id), look, ignore)
    assert any("s3cr3t-cookie" in entry.cookie for entry in archive.youtube.requests.entries)
    assert any(b"ytarchive.ytdlp.worker.fork_server" in each for each in seen)
    assert not any(b"s3cr3t" in each for each in seen)
    for path in [*archive.base.rglob("*"), *done.folder.rglob("*")]:
        assert not path.is_file() or b"s3cr3t" not in path.read_bytes()
    assert (jar.read_text(), jar.stat().st_mtime_ns) == (JAR, before.st_mtime_ns)
