"""Missing metadata of a stored video is fetched by the next job that names it, without media."""

from pathlib import Path

import pytest

from tests.harness import Server, environment
from tests.standin import StandInProcess


@pytest.mark.parametrize("lost", [False, True])
def test_only_the_metadata_is_fetched_for_a_video_without(
    youtube: StandInProcess, tmp_path: Path, *, lost: bool
) -> None:
    """It was not requested at first, or its file was lost later."""
    video = youtube.ask("/videos", {"title": "A radio"})["id"]
    file = tmp_path / "archive" / "metadata" / "videos" / f"{video}.json"

    with Server(environment(tmp_path / "archive", youtube)) as server:

        def download(*, include_metadata: bool) -> dict[str, object]:
            options = {"quality": "360p", "include_metadata": include_metadata}
            data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video], "options": options}
            job = server.ended(server.post("/jobs", {"data": data}).data["id"])
            [result] = job["results"]
            kinds = youtube.counters()["kinds"]
            youtube.reset()
            return {name: result[name] for name in ("status", "message", "metadata_saved")} | {
                "media": kinds.get("media", 0) > 0
            }

        first = download(include_metadata=lost)
        assert (first["status"], first["media"]) == ("success", True)
        if lost:
            file.unlink()
        skipped: dict[str, object] = {"status": "skipped", "message": "already in the archive"}
        skipped |= {"metadata_saved": False, "media": False}
        assert download(include_metadata=False) == skipped
        assert not file.exists()

        assert download(include_metadata=True) == {
            "status": "success",
            "message": "already in the archive; metadata stored",
            "metadata_saved": True,
            "media": False,
        }
        assert server.get(f"/storage/metadata/{video}").data["title"] == "A radio"
        assert download(include_metadata=True) == skipped


def test_a_video_that_the_data_api_leaves_out_is_stored_with_its_metadata(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    video = youtube.ask("/videos", {"title": "Unlisted here", "api_omit": True})["id"]
    settings = environment(tmp_path / "archive", youtube, youtube__api_key="key")
    with Server(settings) as server:
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video], "options": {"quality": "360p"}}
        job = server.ended(server.post("/jobs", {"data": data}).data["id"])
        [result] = job["results"]
        metadata = server.get(f"/storage/metadata/{video}").data
    assert (result["status"], result["metadata_saved"]) == ("success", True)
    assert (metadata["title"], bool(metadata["upload_date"])) == ("Unlisted here", True)
