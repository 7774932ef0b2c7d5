"""A stored video that is requested again gets exactly its missing files."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment
from tests.integration.test_integrity import run, sha256sum_accepts
from tests.integration.test_replacing import download
from tests.standin import StandInProcess
from tests.standin.captions import captions as offered_captions


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> dict[str, str]:
    return environment(tmp_path / "archive", youtube, server__port=9)


def requests(youtube: StandInProcess) -> dict[str, int]:
    """The number of requests since the last call, by kind."""
    kinds = dict(youtube.counters()["kinds"])
    youtube.reset()
    return kinds


def names(folder: Path) -> list[str]:
    return sorted(path.name.split(".", 1)[1] for path in (folder / "captions").iterdir())


def test_further_captions_are_fetched_without_media_or_present_files(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Spoken", "captions": ["en", "de", "fr"]})["id"]
    folder = tmp_path / "archive/videos" / video
    media = folder / f"{video}.mp4"
    download(settings, video, "--quality", "360p")
    before, inode = names(folder), media.stat().st_ino
    requests(youtube)

    more = download(settings, video, "--quality", "360p", "--captions", "en,de")
    found = requests(youtube)
    assert (more["status"], more["message"]) == ("success", "added captions in de")
    assert (before, names(folder)) == (["en.vtt"], ["de.vtt", "en.vtt"])
    assert (found["caption"], "media" in found, "thumbnail" in found) == (1, False, False)

    download(settings, video, "--quality", "360p", "--captions", "all")
    assert names(folder) == ["de.vtt", "en.vtt", "fr.vtt"]
    assert requests(youtube)["caption"] == 1
    assert media.stat().st_ino == inode
    assert sha256sum_accepts(folder)
    assert run(settings, "verify")[0] == 0


def test_another_caption_format_is_fetched_without_media_by_one_request(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Spoken", "captions": ["en", "de"]})["id"]
    folder = tmp_path / "archive/videos" / video
    download(settings, video, "--quality", "360p")
    requests(youtube)

    both = ("--caption-formats", "vtt,srt")
    more = download(settings, video, "--quality", "360p", *both)
    found = requests(youtube)
    assert (more["status"], more["message"]) == ("success", "added captions in en.srt")
    assert names(folder) == ["en.srt", "en.vtt"]
    assert (found["caption"], "media" in found) == (1, False)
    text = (folder / "captions" / f"{video}.en.srt").read_text()
    assert text.startswith("1\n00:00:00,000 --> 00:00:01,000\nStand-in caption 1 (en)\n")

    download(settings, video, "--quality", "360p", "--captions", "en,de", *both)
    assert names(folder) == ["de.srt", "de.vtt", "en.srt", "en.vtt"]
    assert requests(youtube)["caption"] == 1
    again = download(settings, video, "--quality", "360p", "--captions", "en,de", *both)
    assert (again["status"], "caption" in requests(youtube)) == ("skipped", False)
    assert sha256sum_accepts(folder)
    [found_video] = run(settings, "storage", "search", '"caption 1 (en)"')[1]["items"]
    assert found_video["hit_count"] == 1
    assert run(settings, "verify")[0] == 0


def test_each_variant_of_a_language_is_stored_and_original_captions_are_unchanged(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    offered = {"title": "Spoken", "captions": ["en", "en-GB", "de"]}
    video: Any = youtube.ask("/videos", offered)["id"]
    folder = tmp_path / "archive/videos" / video
    wanted = ("--quality", "360p", "--captions", "en.*", "--caption-formats", "vtt,original")
    download(settings, video, "--quality", "360p", "--captions", "en")
    requests(youtube)
    more = download(settings, video, *wanted)
    assert more["message"] == "; ".join(
        f"added captions in {each}" for each in ("en.json3", "en-GB", "en-GB.json3")
    )
    assert names(folder) == ["en-GB.json3", "en-GB.vtt", "en.json3", "en.vtt"]
    found = requests(youtube)
    assert (found["caption"], "media" in found) == (3, False)
    original = (folder / "captions" / f"{video}.en-GB.json3").read_bytes()
    assert original == offered_captions("en-GB", "json3")[0]
    assert download(settings, video, *wanted)["status"] == "skipped"
    assert "caption" not in requests(youtube)
    assert run(settings, "verify")[0] == 0
    assert run(settings, "rebuild")[0] == 0
    assert download(settings, video, *wanted)["status"] == "skipped"


def test_captions_that_youtube_lacks_as_json_are_stored_as_it_has_them(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    absent = {"absent_caption_forms": ["json3", "srv3"]}
    offered = {"title": "Spoken", "captions": ["en"]} | absent
    video: Any = youtube.ask("/videos", offered)["id"]
    folder = tmp_path / "archive/videos" / video
    wanted = ("--quality", "360p", "--caption-formats", "original")
    download(settings, video, *wanted)
    assert names(folder) == ["en.ttml"]
    content = (folder / "captions" / f"{video}.en.ttml").read_bytes()
    assert content == offered_captions("en", "ttml")[0]
    requests(youtube)
    assert download(settings, video, *wanted)["status"] == "skipped"
    assert "caption" not in requests(youtube)
    assert run(settings, "rebuild")[0] == 0
    assert download(settings, video, *wanted)["status"] == "skipped"
    assert run(settings, "verify")[0] == 0
    download(settings, video, "--quality", "360p", "--caption-formats", "vtt,original")
    assert names(folder) == ["en.ttml", "en.vtt"]


def test_description_is_a_side_file_that_is_added_verified_repaired_and_rebuilt(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    text = "A line\nand a second: \u2764\n"
    video: Any = youtube.ask("/videos", {"title": "Described", "description": text})["id"]
    folder = tmp_path / "archive/videos" / video
    download(settings, video, "--quality", "360p")
    assert not (folder / f"{video}.description").exists()
    requests(youtube)
    more = download(settings, video, "--quality", "360p", "--description")
    assert (more["message"], "media" in requests(youtube)) == ("added description", False)
    assert (folder / f"{video}.description").read_text() == text
    assert run(settings, "rebuild")[0] == 0
    side_files = run(settings, "storage", "show", video)[1]["location"]["side_files"]
    assert side_files == ["captions:en", "description", "thumbnail"]
    assert download(settings, video, "--quality", "360p", "--description")["status"] == "skipped"
    assert sha256sum_accepts(folder)
    (folder / f"{video}.description").unlink()
    with Server(settings) as server:
        _, repaired = run(settings, "--server", server.url, "verify", "--repair")
        assert server.ended(repaired["job_ids"][0])["status"] == "COMPLETED"
    assert run(settings, "verify")[0] == 0
    assert (folder / f"{video}.description").read_text() == text


def test_comments_and_chat_are_added_to_a_stored_stream_and_restored_by_rebuild(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    stream = {"title": "Streamed", "was_live": True, "chat": 12, "comments": 30}
    video: Any = youtube.ask("/videos", stream)["id"]
    folder = tmp_path / "archive/videos" / video
    download(settings, video, "--quality", "360p")
    requests(youtube)
    wanted = ("--quality", "360p", "--comments", "--max-comments", "25", "--live-chat")
    more = download(settings, video, *wanted)
    assert more["message"] == "added comments; added live chat"
    found = requests(youtube)
    assert (found["comments"], found["chat"], "media" in found) == (3, 3, False)
    stored = json.loads((folder / f"{video}.comments.json").read_text())
    assert len(stored["comments"]) == 25
    every = ("--quality", "360p", "--comments", "--max-comments", "0")
    assert download(settings, video, *every)["message"] == "added comments"
    assert "media" not in requests(youtube)
    stored = json.loads((folder / f"{video}.comments.json").read_text())
    assert len(stored["comments"]) == 30
    assert run(settings, "rebuild")[0] == 0
    side_files = run(settings, "storage", "show", video)[1]["location"]["side_files"]
    assert side_files == ["captions:en", "comments", "live_chat", "thumbnail"]
    assert download(settings, video, *wanted)["status"] == "skipped"
    assert "comments" not in requests(youtube)
    assert run(settings, "verify")[0] == 0
    assert sha256sum_accepts(folder)


def test_a_download_never_removes_stored_comments(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Discussed", "comments": 30})["id"]
    folder = tmp_path / "archive/videos" / video
    wanted = ("--quality", "360p", "--no-captions", "--comments", "--max-comments")

    def stored() -> tuple[str, list[int]]:
        found = json.loads((folder / f"{video}.comments.json").read_text())
        return found["sort"], [int(each["text"].split()[-1]) for each in found["comments"]]

    download(settings, video, *wanted, "12")
    assert stored() == ("top", list(range(12)))
    requests(youtube)
    newest = (*wanted, "5", "--comment-sort", "new")
    more = download(settings, video, *newest)
    assert (more["message"], "media" in requests(youtube)) == ("added comments", False)
    assert stored() == ("new", [29, 28, 27, 26, 25, *range(12)])
    assert download(settings, video, *newest)["status"] == "skipped"
    assert "comments" not in requests(youtube)

    download(settings, video, *wanted, "3", "--force")
    assert "media" in requests(youtube)
    assert stored() == ("top", [0, 1, 2, 29, 28, 27, 26, 25, *range(3, 12)])
    youtube.ask("/videos", {"id": video, "title": "Discussed", "comments": 2})
    download(settings, video, *wanted, "0", "--force")
    assert len(stored()[1]) == 17
    assert sha256sum_accepts(folder)
    assert run(settings, "verify")[0] == 0


def test_a_hint_names_what_only_a_new_download_of_a_stored_video_gives(
    settings: dict[str, str], youtube: StandInProcess
) -> None:
    playlist = youtube.ask("/playlists", {"count": 2})["id"]
    assert run(settings, "playlist", playlist, "--quality", "360p")[0] == 0
    wanted = ("--quality", "360p", "--audio-language", "de")
    hint = "stored without a request for sound in de; use --force to fetch it"
    _, job = run(settings, "playlist", playlist, *wanted)
    for result in job["results"]:
        assert (result["status"], result["message"]) == (
            "skipped",
            f"already in the archive; {hint}",
        )
    video = job["results"][0]["video_id"]
    more = download(settings, video, *wanted, "--all-audio-tracks", "--description")
    assert more["message"].endswith(
        "stored without a request for all sound tracks; use --force to fetch it"
    )
    requests(youtube)
    assert hint not in download(settings, video, *wanted, "--force")["message"]
    assert "media" in requests(youtube)
    assert download(settings, video, *wanted)["message"] == "already in the archive"


def test_a_request_for_audio_of_a_stored_video_gets_a_hint_that_leads_to_the_audio(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Song"})["id"]
    folder = tmp_path / "archive/videos" / video
    download(settings, video, "--quality", "360p")
    differs = "stored as a video, which audio does not replace; to have only audio, run "
    remedy = "`ytarchive storage remove` and then `ytarchive download`"
    hinted = download(settings, video, "--profile", "music")["message"]
    assert hinted.endswith(f"; {differs}{remedy}")
    assert run(settings, "storage", "remove", video)[0] == 0
    assert download(settings, video, "--profile", "music")["status"] == "success"
    assert [path.suffix for path in folder.glob(f"{video}.m*")] == [".m4a"]


def test_an_empty_list_of_caption_languages_means_no_captions(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask("/videos", {"title": "Spoken", "captions": ["en"]})["id"]
    download(settings, video, "--quality", "360p", "--captions", "")
    assert not (tmp_path / "archive/videos" / video / "captions").exists()
    assert run(settings, "jobs", "show", "last")[1]["options"]["include_captions"] is False


def test_automatic_captions_are_marked_listed_and_repaired_under_their_own_name(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video: Any = youtube.ask(
        "/videos", {"title": "Spoken", "captions": ["iw"], "automatic_captions": ["en"]}
    )["id"]
    folder = tmp_path / "archive/videos" / video
    wanted = ("--quality", "360p", "--captions", "he,en", "--auto-captions")
    download(settings, video, *wanted)
    assert names(folder) == ["en.auto.vtt", "he.vtt"]
    location = run(settings, "storage", "show", video)[1]["location"]
    assert (location["captions"], location["side_files"]) == (
        ["en", "he"],
        ["captions:en", "captions:he", "thumbnail"],
    )
    requests(youtube)
    assert download(settings, video, *wanted)["status"] == "skipped"
    assert "caption" not in requests(youtube)
    [found] = run(settings, "storage", "search", '"caption 1 (en)"')[1]["items"]
    assert {hit["language"] for hit in found["hits"]} == {"en"}
    assert found["hit_count"] == 1  # though the file repeats the line
    original = (folder / "captions" / f"{video}.en.auto.vtt").read_bytes()
    assert original == offered_captions("en", "vtt", rolls=True)[0]

    captions = [folder / "captions" / f"{video}.{name}" for name in names(folder)]
    before = [path.read_bytes() for path in captions]
    for path in captions:
        path.unlink()
    with Server(settings) as server:
        _, repaired = run(settings, "--server", server.url, "verify", "--repair")
        assert server.ended(repaired["job_ids"][0])["status"] == "COMPLETED"
    assert run(settings, "verify")[0] == 0
    assert [path.read_bytes() for path in captions] == before
    assert run(settings, "rebuild")[0] == 0
    again = run(settings, "storage", "show", video)[1]["location"]
    assert again["side_files"] == location["side_files"]
    assert download(settings, video, *wanted)["status"] == "skipped"


def test_automatic_captions_as_subrip_or_json_are_found_once_and_read_without_repetitions(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    offered = {"title": "Spoken", "captions": [], "automatic_captions": ["en"]}
    video: Any = youtube.ask("/videos", offered)["id"]
    wanted = ("--quality", "360p", "--auto-captions", "--caption-formats", "original,srt")
    download(settings, video, *wanted)
    folder = tmp_path / "archive/videos" / video / "captions"
    assert (folder / f"{video}.en.auto.json3").read_bytes() == offered_captions(
        "en", "json3", rolls=True
    )[0]
    text = (folder / f"{video}.en.auto.srt").read_text()
    assert text.startswith(
        "1\n00:00:00,000 --> 00:00:01,000\nStand-in caption 1 (en)\n\n"
        "2\n00:00:01,000 --> 00:00:02,000\nStand-in caption 2 (en)\n"
    )
    assert text.count("caption 2") == 1
    [found] = run(settings, "storage", "search", '"caption 2 (en)"')[1]["items"]
    assert found["hit_count"] == 1


def test_a_list_fetches_further_captions_once_and_then_requests_nothing(
    settings: dict[str, str], youtube: StandInProcess
) -> None:
    playlist = youtube.ask("/playlists", {"count": 3})
    source = playlist["id"]
    code, _ = run(settings, "playlist", source, "--quality", "360p")
    assert code == 0
    for number, languages in enumerate(["en,de", "en,de", "en"]):
        requests(youtube)
        code, job = run(settings, "playlist", source, "--quality", "360p", "--captions", languages)
        found = requests(youtube)
        assert code == 0
        assert job["progress"]["skipped"] == 3
        assert ("player" in found) == (number == 0), found
        assert "media" not in found


def test_without_upgrade_the_result_says_how_to_get_the_better_quality(
    settings: dict[str, str], youtube: StandInProcess, tmp_path: Path
) -> None:
    video = youtube.ask("/videos", {"title": "Film"})["id"]
    media = tmp_path / f"archive/videos/{video}/{video}.mp4"
    download(settings, video, "--quality", "360p")
    small = media.stat()
    requests(youtube)

    kept = download(settings, video, "--quality", "2160p")
    hint = "already in the archive; stored at 360p; use --upgrade to fetch 2160p"
    assert (kept["status"], kept["message"]) == ("skipped", hint)
    assert "media" not in requests(youtube)
    assert media.stat().st_ino == small.st_ino

    better = download(settings, video, "--quality", "2160p", "--upgrade")
    assert (better["status"], better["quality"]) == ("success", "1080p")
    assert "media" in requests(youtube)
    assert "upgrade" not in download(settings, video, "--quality", "2160p")["message"]
    assert run(settings, "verify")[0] == 0
    _, trash = run(settings, "trash")
    assert [item["quality"] for item in trash["items"]] == ["360p"]


def test_an_upgrade_of_a_list_is_requested_once(
    settings: dict[str, str], youtube: StandInProcess
) -> None:
    source = youtube.ask("/playlists", {"count": 2})["id"]
    assert run(settings, "playlist", source, "--quality", "360p")[0] == 0
    statuses = []
    for _ in range(2):
        requests(youtube)
        code, job = run(settings, "playlist", source, "--quality", "best", "--upgrade")
        assert code == 0
        statuses.append((job["progress"]["skipped"], "media" in requests(youtube)))
    assert statuses == [(0, True), (2, False)]
