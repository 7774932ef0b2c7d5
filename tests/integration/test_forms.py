"""A stored video gets another container, or embedded data, from the archive's own files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment
from tests.integration.test_integrity import flip, run, sha256sum_accepts
from tests.integration.test_replacing import download
from tests.standin import StandInProcess
from tests.standin.media import ffmpeg_program
from ytarchive.media.ffmpeg import printed_by_ffmpeg


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> dict[str, str]:
    return environment(tmp_path / "archive", youtube, server__port=9)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, youtube: StandInProcess) -> Iterator[Server]:
    """One server for the tests that need no archive of their own."""
    base = tmp_path_factory.mktemp("shared") / "archive"
    with Server(environment(base, youtube)) as server:
        yield server


@pytest.fixture
def archive(shared: Server) -> Path:
    """The folder of the server's videos."""
    return Path(shared.environment["YTARCHIVE_STORAGE__BASE_PATH"]) / "videos"


@pytest.fixture
def fetch(shared: Server) -> Callable[..., Any]:
    """A function that runs a job for one video, in 360p by default, and returns its result."""

    def run_job(video: str, **options: object) -> Any:
        wanted = {"quality": "360p"} | options
        body = {"type": "VIDEO_DOWNLOAD", "video_ids": [video], "options": wanted}
        [result] = shared.ended(shared.post("/jobs", body).data["id"])["results"]
        return result

    return run_job


def said_about(media: Path) -> str:
    """What ffmpeg prints about a file."""
    return printed_by_ffmpeg(ffmpeg_program(), media, timeout=20, check=False)


def requests(youtube: StandInProcess) -> int:
    """The number of requests since the last call."""
    count = int(sum(youtube.counters()["kinds"].values()))
    youtube.reset()
    return count


def media_in(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.glob(f"{folder.name}.*")
                  if path.suffix in {".mp4", ".mkv", ".webm", ".m4a", ".mp3"})  # fmt: skip


EMBEDDED = ("--embed-metadata", "--embed-thumbnail", "--embed-captions")


def test_a_stored_video_is_written_in_another_form_without_a_request(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Film", "captions": ["en"]})["id"]
    folder = tmp_path / "archive/videos" / video
    download(settings, video, "--quality", "360p")
    before = (folder / f"{video}.mp4").read_bytes()
    requests(youtube)

    wanted = ("--quality", "360p", "--container", "mkv", *EMBEDDED)
    done = download(settings, video, *wanted)
    assert (done["status"], done["message"]) == ("success", "written again as mkv")
    assert requests(youtube) == 0
    assert media_in(folder) == [".mkv"]
    found = said_about(folder / f"{video}.mkv")
    assert all(each in found for each in ("h264", "aac", "Subtitle: subrip", "attached pic"))
    assert "Stand-in Channel" in found
    assert sha256sum_accepts(folder)
    assert run(settings, "verify")[0] == 0

    [item] = run(settings, "trash", "list")[1]["items"]
    assert item["video_id"] == video
    trashed = tmp_path / "archive/.ytarchive/trash"
    assert [each.read_bytes() for each in trashed.rglob("*.mp4")] == [before]

    assert run(settings, "rebuild")[0] == 0
    for again in (wanted, ("--quality", "360p")):
        assert download(settings, video, *again)["status"] == "skipped"
    assert requests(youtube) == 0
    assert media_in(folder) == [".mkv"]


def test_a_list_is_written_in_another_form_without_requests_for_its_videos(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    playlist = youtube.ask("/playlists", {"count": 2})
    listed = ("playlist", playlist["id"], "--quality", "360p")
    assert run(settings, *listed)[0] == 0
    requests(youtube)
    assert run(settings, *listed)[0] == 0
    listing = requests(youtube)
    code, job = run(settings, *listed, "--embed-metadata")
    assert (code, [each["status"] for each in job["results"]]) == (0, ["success"] * 2)
    assert requests(youtube) == listing
    for media in (tmp_path / "archive/videos").glob("*/*.mp4"):
        assert "Stand-in Channel" in said_about(media)


def test_an_upgrade_keeps_the_sound_tracks_and_what_is_embedded(
    fetch: Callable[..., Any], youtube: StandInProcess, archive: Path
) -> None:
    sounds = [
        {"itag": 140, "xtags": f"acont={kind}:lang={code}",
         "audioTrack": {"displayName": code, "id": f"{code}.4", "audioIsDefault": code == "de"}}
        for kind, code in (("original", "de"), ("dubbed", "en"))
    ]  # fmt: skip
    offered = {"title": "Film", "formats": [{"itag": 134}, {"itag": 136}, *sounds]}
    video: Any = youtube.ask("/videos", offered)["id"]
    media = archive / video / f"{video}.mkv"
    fetch(video, all_audio_tracks=True, embed_metadata=True)
    assert fetch(video, quality="1080p", upgrade=True)["quality"] == "720p"
    found = said_about(media)
    assert ("1280x720" in found, found.count("Audio: aac")) == (True, 2)
    assert "Stand-in Channel" in found


def test_an_upgrade_whose_media_are_damaged_keeps_the_stored_media(
    fetch: Callable[..., Any], youtube: StandInProcess, archive: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Film"})["id"]
    folder = archive / video
    fetch(video)
    before = (folder / f"{video}.mp4").read_bytes()
    youtube.add_fault(kind="media", video_id=video, status=200, body="rubbish")
    kept = fetch(video, quality="1080p", upgrade=True, max_retries=0)
    assert kept["status"] == "skipped"
    assert "already in the archive; not upgraded to 1080p: " in kept["message"]
    assert (folder / f"{video}.mp4").read_bytes() == before
    assert sha256sum_accepts(folder)
    youtube.clear_faults()
    assert fetch(video, quality="1080p", upgrade=True)["quality"] == "1080p"


def test_captions_that_are_added_later_are_embedded(
    fetch: Callable[..., Any], youtube: StandInProcess, archive: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Film", "captions": ["en", "de"]})["id"]
    media = archive / video / f"{video}.mp4"
    fetch(video, embed_captions=True)
    assert "(deu): Subtitle" not in said_about(media)
    requests(youtube)
    done = fetch(video, embed_captions=True, caption_languages=["en", "de"])
    assert done["message"] == "written again as mp4; added captions in de"
    found = said_about(media)
    assert "(eng): Subtitle: mov_text" in found
    assert "(deu): Subtitle: mov_text" in found
    assert "media" not in youtube.counters()["kinds"]


def test_nothing_is_lost_where_the_form_is_not_possible(
    fetch: Callable[..., Any], youtube: StandInProcess, archive: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Film"})["id"]
    folder = archive / video
    fetch(video, quality="audio")
    sound = (folder / f"{video}.m4a").read_bytes()
    converted = fetch(video, quality="audio", audio_format="mp3")
    assert converted["status"] == "skipped"
    assert "stays m4a: a conversion to mp3 would lose quality" in converted["message"]
    assert (folder / f"{video}.m4a").read_bytes() == sound
    covered = fetch(video, quality="audio", audio_format="opus", embed_thumbnail=True)
    assert covered["message"].startswith("written again as m4a")
    assert "attached pic" in said_about(folder / f"{video}.m4a")

    film: Any = youtube.ask("/videos", {"title": "Film"})["id"]
    media = archive / film / f"{film}.mp4"
    fetch(film)
    flip(media)
    damaged = media.read_bytes()
    refused = fetch(film, container="mkv")
    assert "unchanged, because its file is damaged" in refused["message"]
    assert media.read_bytes() == damaged
    assert media_in(media.parent) == [".mp4"]
