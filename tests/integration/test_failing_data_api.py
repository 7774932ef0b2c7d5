"""Metadata that the Data API does not provide is taken from the extraction by yt-dlp."""

from pathlib import Path

import pytest

from tests.harness import Server, environment
from tests.standin import StandInProcess
from tests.ytdlp_requests import EXTRACTION, only, plain_requests_of_process


@pytest.mark.parametrize(
    "refusal",
    [{"api_error": "keyInvalid"}, {"api_error": "accessNotConfigured"}, {"status": 503}],
    ids=["bad key", "not enabled", "server error"],
)
def test_metadata_is_taken_from_the_extraction_without_further_requests(
    tmp_path: Path, youtube: StandInProcess, refusal: dict[str, object]
) -> None:
    video = youtube.ask("/videos", {"title": "A film"})["id"]
    settings = environment(tmp_path / "archive", youtube, youtube__api_key="standin-key")
    data = {"type": "VIDEO_DOWNLOAD", "video_ids": [video], "options": {"quality": "360p"}}
    plain = plain_requests_of_process(youtube, "--simulate", video)
    youtube.add_fault(kind="api:*", **refusal)
    with Server(settings) as server:
        job_id = server.post("/jobs", {"data": data}).data["id"]
        [result] = server.ended(job_id)["results"]
        assert (result["status"], result["metadata_saved"]) == ("success", True)
        assert "metadata from yt-dlp: " in result["message"]
        assert server.get(f"/storage/metadata/{video}").data["title"] == "A film"
    assert (tmp_path / "archive/metadata/videos" / f"{video}.json").is_file()
    assert only(youtube.counters()["kinds"], EXTRACTION) == only(plain, EXTRACTION)
