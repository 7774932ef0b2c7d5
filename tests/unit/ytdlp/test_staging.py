"""The staging folder of a video."""

import json
from pathlib import Path

from ytarchive.common.archived_files import Transferred
from ytarchive.common.models import utc_now
from ytarchive.media import without_secrets
from ytarchive.ytdlp.worker.staging import StagedVideo, write_json

ID = "dQw4w9WgXcQ"


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def fill(folder: Path, *found: str) -> None:
    for name in found:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_only_the_finished_files_are_kept(tmp_path: Path) -> None:
    fill(tmp_path, f"{ID}.136+140.mp4", f"{ID}.137.f137.mp4.part", f"{ID}.137.f137.mp4.ytdl",
         f"{ID}.jpg", f"captions/{ID}.en.vtt", f"captions/{ID}.fr.vtt", "old/x")  # fmt: skip
    kept = [tmp_path / f"{ID}.jpg", tmp_path / f"captions/{ID}.en.vtt"]
    record = Transferred(
        source_url="https://www.youtube.com/", fetched_at=utc_now(), yt_dlp_version="1", files=[]
    )
    StagedVideo(tmp_path, ID).finish(tmp_path / f"{ID}.136+140.mp4", {"id": ID}, kept, record)
    assert names(tmp_path) == {
        f"{ID}.mp4", f"{ID}.jpg", f"{ID}.info.json", f"captions/{ID}.en.vtt", "transfer.json",
    }  # fmt: skip
    assert Transferred.model_validate_json((tmp_path / "transfer.json").read_bytes()) == record
    assert not (tmp_path / "old").exists()


def test_a_finished_file_is_recognised_by_its_formats(tmp_path: Path) -> None:
    fill(tmp_path, f"{ID}.mp4")
    write_json(tmp_path / f"{ID}.info.json", {"format_id": "136+140"})
    StagedVideo(tmp_path, ID).open()
    assert f"{ID}.136+140.mp4" in names(tmp_path)


def test_a_finished_file_of_unknown_formats_is_fetched_again(tmp_path: Path) -> None:
    fill(tmp_path, f"{ID}.mp4")
    StagedVideo(tmp_path, ID).open()
    assert not names(tmp_path)


def test_the_stored_info_has_no_data_about_the_machine_or_its_user(tmp_path: Path) -> None:
    info = {
        "id": ID,
        "filepath": "/home/me/x.mp4",
        "cookies": "SID=secret",
        "formats": [
            {"cookies": "SID=secret", "http_headers": {"User-Agent": "U", "Cookie": "SID=secret"}},
            {"http_headers": {"authorization": "SID=secret"}},
        ],
    }
    shown = json.dumps(without_secrets(info))
    assert "secret" not in shown
    assert "/home/me" not in shown
    assert "User-Agent" in shown


def test_a_private_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {}, private=True)
    assert (tmp_path / "a.json").stat().st_mode & 0o077 == 0
    assert names(tmp_path) == {"a.json"}
