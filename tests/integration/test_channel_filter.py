"""Filters of stored videos by a channel's @handle, as the server resolves them."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.harness import Server, environment, until
from tests.standin import StandInProcess


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess("--scenario", "demo") as process:
        yield process


@pytest.fixture(scope="module")
def server(youtube: StandInProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one stored video, of @standinfilms."""
    base_path: Path = tmp_path_factory.mktemp("filter") / "archive"
    with Server(environment(base_path, youtube)) as running:
        wanted = {"type": "VIDEO_DOWNLOAD", "video_ids": [youtube.ids["demo"]["video"]]}
        job = running.ended(running.post("/jobs", wanted).data["id"])
        assert job["status"] == "COMPLETED"
        until(lambda: running.get("/storage/stats").data["search_pending"] == 0, "the index")
        yield running


@pytest.mark.parametrize("path", ["/storage/videos?", "/storage/search?query=film&"])
@pytest.mark.parametrize(
    ("channel", "videos"),
    [
        ("@standinfilms", 1),
        ("https://www.youtube.com/@StandinFilms/videos", 1),
        ("Stand-in Films", 1),
        ("@nobody-has-this-handle", 0),
    ],
)
def test_server_resolves_the_channel_of_a_filter(
    server: Server, path: str, channel: str, videos: int
) -> None:
    answer = server.get(f"{path}channel={quote(channel)}")
    assert (answer.status, len(answer.data["items"])) == (200, videos)
