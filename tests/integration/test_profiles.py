"""Named profiles of a settings file, on the command line and in a server that is restarted."""

import json
from pathlib import Path
from typing import Any

import pytest
from mutagen.mp4 import MP4

from tests.harness import Server, environment
from tests.integration.test_integrity import run
from tests.integration.test_replacing import download
from tests.standin import StandInProcess

PROFILES = """
[profiles.default]
quality = "720p"
caption_languages = ["de"]

[profiles.sound]
quality = "audio"
include_captions = false

[profiles.boxed]
quality = "360p"
container = "mkv"
embed_metadata = true
"""


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> dict[str, str]:
    file = tmp_path / "settings.toml"
    file.write_text(PROFILES)
    found = environment(tmp_path / "archive", youtube, server__port=9)
    return found | {"YTARCHIVE_CONFIG": str(file)}


def files(tmp_path: Path, video: str) -> set[str]:
    folder = tmp_path / "archive/videos" / video
    found = {each.name.removeprefix(f"{video}.") for each in folder.rglob(f"{video}.*")}
    return found - {"jpg", "webp", "info.json"}


def test_profile_chooses_and_one_option_overrides_it(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video, other, third = (
        youtube.ask("/videos", {"title": f"Film {n}", "captions": ["en", "de"]})["id"]
        for n in range(3)
    )
    download(settings, video, "--profile", "sound")
    assert files(tmp_path, video) == {"m4a"}
    result = download(settings, other, "--profile", "sound", "--quality", "360p")
    assert result["quality"] == "360p"
    assert files(tmp_path, other) == {"mp4"}
    assert download(settings, third)["quality"] == "720p"
    assert files(tmp_path, third) == {"mp4", "de.vtt"}


def test_music_is_sound_with_tags_and_cover_without_settings(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Song", "captions": ["en", "de"]})["id"]
    assert download(settings, video, "--profile", "music")["message"] == ""
    assert files(tmp_path, video) == {"m4a"}
    read: Any = MP4  # published without types
    tags = read(tmp_path / "archive/videos" / video / f"{video}.m4a")
    assert (tags["\xa9nam"], len(tags["covr"])) == (["Song"], 1)


def test_formats_explains_the_choice_of_a_profile_and_of_single_options(
    settings: dict[str, str], youtube: StandInProcess
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Film", "captions": ["en"]})["id"]
    code, found = run(settings, "formats", video, "--profile", "sound")
    assert not Path(settings["YTARCHIVE_STORAGE__BASE_PATH"]).exists()
    assert (code, found["choice"]["container"], found["choice"]["captions"]) == (0, "m4a", [])
    run(settings, "init")
    _, found = run(settings, "formats", video, "--quality", "480p")
    assert {each["reason"] for each in found["choice"]["reasons"] if each["is_fallback"]} == {
        "360p is the next lower quality, because there is no 480p",
        "de: none, because people have made none; automatic ones are not requested",
    }


def test_repair_fetches_a_lost_video_in_the_requested_form(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Film", "captions": ["en", "de"]})["id"]
    download(settings, video, "--profile", "boxed")
    assert files(tmp_path, video) == {"mkv", "de.vtt"}
    (tmp_path / "archive/videos" / video / f"{video}.mkv").unlink()
    plain = settings | {"YTARCHIVE_CONFIG": str(tmp_path / "none.toml")}
    with Server(plain) as server:
        _, repaired = run(plain, "--server", server.url, "verify", "--repair")
        assert server.ended(repaired["job_ids"][0])["status"] == "COMPLETED"
    assert files(tmp_path, video) == {"mkv", "de.vtt"}
    assert run(plain, "verify")[0] == 0


def test_unknown_profile_queues_nothing(settings: dict[str, str]) -> None:
    run(settings, "init")
    code, answer = run(settings, "download", "dQw4w9WgXcQ", "--profile", "sonud")
    assert code == 2
    assert "known profiles: default, music, sound, boxed" in answer["error"]["message"]
    assert run(settings, "jobs")[1]["items"] == []


def test_a_job_keeps_its_choice_after_a_restart_with_other_settings(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Film", "state": "private"})["id"]
    body = {"type": "VIDEO_DOWNLOAD", "video_ids": [video], "options": {"profile": "sound"}}
    with Server(settings) as server:
        job = server.post("/jobs", body).data["id"]
        assert server.ended(job)["results"][0]["status"] == "unavailable"
    (tmp_path / "settings.toml").write_text('[profiles.sound]\nquality = "360p"\n')
    youtube.ask("/videos", {"id": video, "title": "Film", "captions": ["de"]})
    with Server(settings) as server:
        kept = server.get(f"/jobs/{job}").data["options"]
        assert (kept["profile"], kept["quality"], kept["include_captions"]) == (
            "sound", "audio", False
        )  # fmt: skip
        server.put(f"/jobs/{job}/retry")
        assert server.ended(job)["status"] == "COMPLETED"
        direct = server.post("/download/video", {"video_id": video, "profile": "nothing"})
        assert direct.status == 422
        assert "known profiles" in json.dumps(direct.envelope)
    assert files(tmp_path, video) == {"m4a"}
