"""The commands of the README, the tutorial and the how-to page, run as they are written there."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bagit
import pytest

from tests.docs.markdown import ROOT, document
from tests.harness import Server, environment
from tests.standin import StandInProcess
from tests.unit.storage.foreign_libraries import media, write_file

PAGES = ["README.md", "docs/tutorial.md", "docs/how-to.md", "docs/follow-channels.md"]


def marked(page: str) -> list[str]:
    """The blocks of a page that are marked as tested."""
    return [block.code for block in document(page).blocks if block.mark == "tested"]


FIRST, TASKS, SEARCHING, SETTINGS = marked("README.md")
[OVER_HTTP] = marked("docs/tutorial.md")
HOW_TO = marked("docs/how-to.md")
BROWSE, SERVERS, FORMATS, CAPTIONS, PROFILES, ADOPT, SELECT, *OTHERS = HOW_TO
RETAIN, PAUSE, BACKUP, MOVE, HISTORY, REMOVE, UNDO, EXPORT, FEEDS, COOKIES = OTHERS
FOLLOW = marked("docs/follow-channels.md")
VIDEO = "jNQXAC9IVRw"
ADOPTED = "abcdef0ABCD"


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    """A YouTube that has the README's video and channel."""
    with StandInProcess() as process:
        channel = process.ask("/channels", {"title": "jawed", "handle": "@jawed"})["id"]
        zoo = {"id": VIDEO, "title": "Me at the zoo", "channel": channel, "comments": 3}
        process.ask("/videos", zoo)
        for number in range(3):
            process.ask("/videos", {"title": f"Part {number}", "channel": channel})
        yield process


@pytest.fixture(scope="module")
def variables(youtube: StandInProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of one reader, who runs the README's commands from top to bottom."""
    home = tmp_path_factory.mktemp("reader")
    return environment(home / "YTArchive", youtube) | {"HOME": str(home)}


def run(code: str, variables: dict[str, str], **names: object) -> str:
    """Run a block; any failing command in it fails the test. Its standard output."""
    for name, value in names.items():
        assert name in code
        code = code.replace(name, str(value))
    script = f'set -euo pipefail\nytarchive() {{ "{sys.executable}" -m ytarchive "$@"; }}\n{code}'
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def documents_in(text: str) -> list[dict[str, Any]]:
    """The JSON documents that stand one after the other in `text`."""
    found, decoder = [], json.JSONDecoder()
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def test_the_first_commands_archive_a_video_and_a_channel(variables: dict[str, str]) -> None:
    printed = run(FIRST, variables)
    stored = {path.stem for path in archive(variables).glob("videos/*/*.mp4")}
    assert len(stored) == 4
    assert VIDEO in stored
    assert "Me at the zoo" in printed


def test_stored_videos_are_found_and_listed(variables: dict[str, str]) -> None:
    assert run(SEARCHING, variables).count("Me at the zoo") == 3


def test_the_same_works_over_http_and_missing_videos_are_listed(
    youtube: StandInProcess, variables: dict[str, str]
) -> None:
    late = youtube.ask("/videos", {"title": "Part 4", "state": "private"})["id"]
    with Server(variables) as server:
        job = server.post("/jobs", {"type": "VIDEO_DOWNLOAD", "video_ids": [late]}).data["id"]
        assert server.ended(job)["results"][0]["status"] == "unavailable"
        address = server.url.removeprefix("http://")
        answers = documents_in(run(OVER_HTTP, variables, **{"127.0.0.1:8000": address}))
        assert [document["success"] for document in answers] == [True] * 2
        written = (Path(variables["HOME"]) / "openapi.json").read_text()
        assert json.loads(written)["openapi"].startswith("3.")
        assert server.ended(answers[0]["data"]["id"])["progress"]["skipped"] == 4
        assert job in run(TASKS, variables)


def test_a_settings_file_is_written_and_shown(variables: dict[str, str]) -> None:
    assert "storage.base_path" in run(SETTINGS, variables)
    assert Path(variables["YTARCHIVE_CONFIG"]).is_file()


def test_the_recipe_for_browsing_shows_readable_names(variables: dict[str, str]) -> None:
    assert f"Me at the zoo [{VIDEO}].mp4" in run(BROWSE, variables)
    assert (archive(variables) / "playlists").is_dir()
    assert not (archive(variables) / "by-year").exists()


def test_the_recipe_for_profiles_lists_and_uses_them(variables: dict[str, str]) -> None:
    printed = run(PROFILES, variables)
    assert re.search(r"^lectures  settings .*quality = 480p", printed, re.MULTILINE)
    assert re.search(r"^caption_languages +en, de +default ", printed, re.MULTILINE)
    assert VIDEO in printed


def test_the_recipe_for_cookies_uses_them(variables: dict[str, str]) -> None:
    cookies = Path(variables["HOME"]) / "cookies.txt"
    cookies.write_text(
        "# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t4102444800\tSID\tabc\n"
    )
    assert "cookies" in run(COOKIES, variables)


def test_the_recipe_for_selection_excludes_a_trailer(
    variables: dict[str, str], youtube: StandInProcess
) -> None:
    channels = youtube.ask("/catalogue")["channels"]
    [channel] = [each for each, handle in channels.items() if handle == "@jawed"]
    youtube.ask("/videos", {"title": "The Trailer", "channel": channel})
    assert "The Trailer" in run(SELECT, variables)


def test_the_page_about_following_archives_the_newest_videos(variables: dict[str, str]) -> None:
    home = Path(variables["HOME"])
    own = variables | {"YTARCHIVE_STORAGE__BASE_PATH": str(home / "followed")}
    printed = "".join(run(block, own) for block in FOLLOW)
    assert "jawed is followed: the newest 2 videos and new ones" in printed
    assert "*/15 * * * * ytarchive subscriptions run --due" in printed
    assert "0 sources added, 1 followed already" in printed
    assert "jawed is no longer followed; its videos are kept" in printed
    assert len(list(home.glob("followed/videos/*/*.mp4"))) == 2


def test_the_recipe_for_retention_previews_and_applies_a_rule(variables: dict[str, str]) -> None:
    own = variables | {"YTARCHIVE_STORAGE__BASE_PATH": f"{variables['HOME']}/retained"}
    run("ytarchive subscribe @jawed", own)
    printed = run(RETAIN, own)
    assert "at most 90 days, the newest 50" in printed
    assert "each day" in printed
    assert "jawed keeps its videos" in printed


def test_the_recipe_for_an_existing_library_adopts_it(variables: dict[str, str]) -> None:
    write_file(Path(variables["HOME"], "Videos", f"A film [{ADOPTED}].mkv"), media(".mkv"))
    assert "1 of 1 adopted" in run(ADOPT, variables)
    assert archive(variables).joinpath("videos", ADOPTED, f"{ADOPTED}.mkv").is_file()


def test_the_recipe_for_a_pause_shows_its_reason(variables: dict[str, str]) -> None:
    printed = run(PAUSE, variables)
    assert "(the disk is being copied)" in printed
    assert "Work resumes" in printed


def test_the_recipe_for_backups_restores_one(variables: dict[str, str]) -> None:
    run(BACKUP, variables)
    assert len(list(archive(variables).glob("videos/*/*.mp4"))) == 5


def test_the_recipe_for_export_writes_lists_and_a_bag(variables: dict[str, str]) -> None:
    home = Path(variables["HOME"])
    assert "bag" in run(EXPORT, variables)
    assert f"youtube {VIDEO}\n" in (home / "archive.txt").read_text()
    assert len((home / "videos.csv").read_text().splitlines()) == 6
    bagit.Bag(str(home / "ytarchive-bag")).validate()


def test_the_recipe_for_the_history_shows_versions_and_lost_videos(
    variables: dict[str, str],
) -> None:
    shown = run(HISTORY, variables)
    assert "1 video refreshed" in shown
    assert "first version: Me at the zoo" in shown
    assert "YouTube has all stored videos" in shown


def test_the_recipe_for_removing_removes_a_video_and_puts_it_back(
    variables: dict[str, str],
) -> None:
    removed = run(REMOVE, variables)
    assert VIDEO not in run("ytarchive storage list --json", variables)
    [item] = set(re.findall(r"ytarchive trash restore (\S+)", removed))
    run(UNDO, variables, ITEM=item)
    assert VIDEO in run("ytarchive storage list --json", variables)
    assert f"{VIDEO}  keep" in run("ytarchive marks list --keep", variables)


def test_the_recipe_for_moving_keeps_the_archive_complete(variables: dict[str, str]) -> None:
    run(MOVE, variables)
    moved = Path(variables["HOME"]) / "new-place"
    assert len(list(moved.glob("videos/*/*.mp4"))) == 5
    assert not archive(variables).exists()


def test_the_recipe_for_podcast_feeds_prints_their_addresses(variables: dict[str, str]) -> None:
    base = Path(variables["HOME"]) / "listening"
    printed = run(FEEDS, variables | {"YTARCHIVE_STORAGE__BASE_PATH": str(base)})
    address = r"^http://nas\.example:8000/api/v1/feeds/[0-9a-f-]{36}/[\w-]{32}/feed\.xml$"
    assert len(re.findall(address, printed, re.MULTILINE)) == 2
    assert re.search(r"channel +jawed", printed)
    assert re.search(r"profile +Profile music", printed)


def test_the_recipe_for_formats_stores_them(variables: dict[str, str]) -> None:
    home = Path(variables["HOME"])
    run(FORMATS, variables | {"YTARCHIVE_STORAGE__BASE_PATH": str(home / "formats")})
    stored = {path.suffix for path in home.glob(f"formats/videos/{VIDEO}/{VIDEO}.*")}
    assert stored == {".mkv", ".json", ".jpg"}


def test_the_recipe_for_captions_and_comments_stores_them(variables: dict[str, str]) -> None:
    home = Path(variables["HOME"])
    run(CAPTIONS, variables | {"YTARCHIVE_STORAGE__BASE_PATH": str(home / "talk")})
    stored = {path.name for path in home.glob(f"talk/videos/{VIDEO}/**/{VIDEO}.*")}
    added = {"en.vtt", "en.srt", "en.json3", "comments.json", "description"}
    assert {f"{VIDEO}.{each}" for each in added} <= stored


def test_the_recipe_for_media_servers_shows_episodes(variables: dict[str, str]) -> None:
    home = Path(variables["HOME"])
    run(SERVERS, variables | {"YTARCHIVE_STORAGE__BASE_PATH": str(home / "formats")})
    [video] = home.glob("formats/tv/jawed/Season */*.mkv")
    assert re.fullmatch(rf"jawed - s\d{{4}}e\d{{6}} - Me at the zoo \[{VIDEO}\]", video.stem)


@pytest.mark.parametrize("page", PAGES)
def test_every_shell_block_can_be_pasted(page: str) -> None:
    """Bash accepts it, addresses with `?` or `&` are in quotes, and no name is left to fill in.

    A server runs until it is interrupted, so its block contains no command after it.
    """
    blocks = [block.code for block in document(page).blocks if block.language == "sh"]
    assert len(blocks) > len(marked(page))
    for code in blocks:
        assert subprocess.run(["bash", "-n", "-c", code], check=False).returncode == 0, code
        unquoted = re.sub(r"\"[^\"]*\"|'[^']*'", "", code)
        assert not re.search(r"https?://\S*[?&*]", unquoted), code
        runs_until_interrupted = re.search(r"\b(ytarchive|make) serve\b", re.sub("#.*", "", code))
        assert not runs_until_interrupted or len(code.splitlines()) == 1, code
        assert not re.search(r"\b(PLAYLIST|JOB|PLAN|VIDEO)_ID\b|<\w+>", code), code


def test_the_readme_is_short_and_the_index_names_every_page() -> None:
    assert len(document("README.md").text.splitlines()) <= 150
    index = document("docs/README.md")
    named = {link.partition("#")[0] for link in index.links}
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= named


def test_cleaning_keeps_the_environment() -> None:
    command = ["make", "--dry-run", "--directory", str(ROOT), "clean"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    removed = shlex.split(done.stdout)
    assert "demo" in removed
    assert ".venv" not in removed


def archive(variables: dict[str, str]) -> Path:
    return Path(variables["YTARCHIVE_STORAGE__BASE_PATH"])
