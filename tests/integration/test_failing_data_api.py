"""What the Data API does not give comes from yt-dlp's extraction, which is made in any case."""

from pathlib import Path

import pytest

from tests.harness import Server, environment
from tests.standin import StandInProcess


@pytest.mark.parametrize(
    "trouble",
    [{"api_error": "keyInvalid"}, {"api_error": "accessNotConfigured"}, {"status": 503}],
    ids=["bad key", "not enabled", "server error"],
)
def test_metadata_is_stored_all_the_same_and_nothing_is_asked_twice(
    tmp_path: Path, youtube: StandInProcess, trouble: dict[str, object]
) -> None:
    video = youtube.ask("/videos", {"title": "A film"})["id"]
    youtube.add_fault(kind="api:*", **trouble)
    settings = environment(tmp_path / "archive", youtube, youtube__api_key="standin-key")
    data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video], "options": {"quality": "360p"}}
    with Server(settings) as server:
        job_id = server.post("/jobs", {"data": data}).data["id"]
        [result] = server.ended(job_id)["results"]
        assert (result["status"], result["metadata_saved"]) == ("success", True)
        assert "metadata from yt-dlp: " in result["message"]
        assert server.get(f"/storage/metadata/{video}").data["title"] == "A film"
    assert (tmp_path / "archive/metadata/videos" / f"{video}.json").is_file()
    kinds = youtube.counters()["kinds"]
    assert (kinds["watch"], kinds["player"]) == (1, 1)
