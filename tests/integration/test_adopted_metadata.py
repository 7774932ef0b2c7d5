"""The metadata of adopted videos is fetched by a job; the media and what was known stay."""

from pathlib import Path

from tests.harness import Server, environment, until
from tests.standin import StandInProcess
from tests.unit.storage.foreign_libraries import digests, media, write_file


def test_metadata_of_adopted_videos_is_fetched_and_unavailable_ones_keep_their_titles(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    film = youtube.ask("/videos", {"title": "A film: part one"})["id"]
    gone = youtube.ask("/videos", {"title": "Lost", "state": "deleted"})["id"]
    folder = tmp_path / "in"
    write_file(folder / f"A film_ part one [{film}].mp4", media())
    write_file(folder / f"A lost film [{gone}].mp4", media())
    settings = environment(tmp_path / "archive", youtube, storage__allowed_roots=f'["{tmp_path}"]')
    with Server(settings) as server:
        assert server.post("/storage/adopt", {"folder": str(folder)}).status == 202
        until(lambda: server.get("/storage/adopt").data["state"] == "complete", "the adoption")
        before = digests(tmp_path / "archive" / "videos")
        assert title(server, film) == "A film_ part one"
        [job_id] = server.post("/jobs/describe").data["job_ids"]
        results = server.ended(job_id)["results"]
        assert {each["video_id"]: each["metadata_saved"] for each in results} == {
            film: True, gone: False,
        }  # fmt: skip
        assert (title(server, film), title(server, gone)) == ("A film: part one", "A lost film")
        assert server.post("/jobs/describe").data["job_ids"] == []
        assert youtube.counters()["kinds"].get("media", 0) == 0
    assert digests(tmp_path / "archive" / "videos") == before
    assert len(digests(folder)) == 2


def title(server: Server, video_id: str) -> str:
    """The title of a stored video."""
    found: str = server.get(f"/storage/metadata/{video_id}").data["title"]
    return found
