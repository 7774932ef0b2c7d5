"""Removed videos and lists that name them, with the real server, commands and yt-dlp."""

from pathlib import Path
from typing import Any

from tests.harness import environment
from tests.integration.test_integrity import run
from tests.standin import StandInProcess


def test_list_skips_a_removed_video_until_it_is_named(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    kept, removed, elsewhere = (
        youtube.ask("/videos", {"title": title})["id"] for title in ("Kept", "Removed", "Elsewhere")
    )
    playlist = youtube.ask("/playlists", {"title": "List", "videos": [kept, removed, elsewhere]})

    def listed(*options: str) -> dict[str, tuple[str, str | None, str]]:
        _, job = run(settings, "playlist", playlist["id"], "--quality", "360p", *options)
        return {each["video_id"]: _brief(each) for each in job["results"]}

    assert run(settings, "download", removed, "--quality", "360p")[0] == 0
    assert run(settings, "storage", "remove", removed)[0] == 0
    assert run(settings, "marks", "set", elsewhere, "--elsewhere", "a disc")[0] == 0
    results = listed()
    assert results[kept][0] == "success"
    assert results[removed][:2] == ("skipped", "removed")
    assert f"ytarchive download {removed}" in results[removed][2]
    assert results[elsewhere][:2] == ("skipped", "known_elsewhere")
    assert "a disc" in results[elsewhere][2]
    forced = listed("--force")
    assert (forced[removed][:2], forced[elsewhere][:2]) == (
        ("skipped", "removed"),
        ("skipped", "known_elsewhere"),
    )
    assert not (tmp_path / "archive/videos" / removed).exists()
    assert run(settings, "download", removed, "--quality", "360p")[0] == 0
    assert (tmp_path / "archive/videos" / removed / f"{removed}.mp4").is_file()
    assert run(settings, "marks", "list", "--removed")[1]["items"] == []
    assert run(settings, "marks", "set", elsewhere, "--no-elsewhere")[0] == 0
    results = listed()
    assert results[removed][:2] == ("skipped", None)
    assert results[elsewhere][0] == "success"


def _brief(result: dict[str, Any]) -> tuple[str, str | None, str]:
    return result["status"], result["reason"], result["message"]
