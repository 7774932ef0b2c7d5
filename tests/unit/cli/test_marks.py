"""`ytarchive marks` and `ytarchive import download-archive`, and what they ask of the services."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import FILM, Peers
from ytarchive.common.models import Page
from ytarchive.storage import (
    KnownMarked,
    KnownVideos,
    MarkedVideo,
    MarksAPI,
    MarksQuery,
    VideoMarks,
)


class MarksPeer(MarksAPI):
    """The marks of one video, which is kept."""

    def __init__(self) -> None:
        self.marked = MarkedVideo(video_id=FILM, keep=True, episode=3)
        self.asked: list[MarksQuery | KnownVideos] = []

    async def list_marks(self, request: MarksQuery) -> Page[MarkedVideo]:
        self.asked.append(request)
        return Page(items=[self.marked])

    async def get_marks(self, video_id: str) -> MarkedVideo:
        return self.marked

    async def set_marks(self, video_id: str, request: VideoMarks) -> MarkedVideo:
        self.marked = MarkedVideo(video_id=video_id, **request.model_dump())
        return self.marked

    async def mark_known(self, request: KnownVideos) -> KnownMarked:
        self.asked.append(request)
        return KnownMarked(marked=len(request.video_ids) - 1, stored=request.video_ids[:1])


@pytest.fixture
def marks(archive: Peers) -> MarksPeer:
    peer = MarksPeer()
    archive.contracts[MarksAPI] = peer  # type: ignore[index]  # the mapping of a test is a dict
    return peer


def test_marked_videos_are_listed(cli: Cli, marks: MarksPeer) -> None:
    ran = cli("marks")
    assert (ran.code, FILM in ran.out, "keep, episode 3" in ran.out) == (0, True, True)
    cli("marks", "list", "--removed")
    assert marks.asked == [MarksQuery(), MarksQuery(removed=True)]


def test_only_the_named_marks_change(cli: Cli, marks: MarksPeer) -> None:
    assert cli("marks", "set", FILM, "--no-keep", "--elsewhere", "a disc").code == 0
    assert marks.marked == MarkedVideo(video_id=FILM, known_elsewhere="a disc", episode=3)
    assert cli("marks", "set", FILM, "--no-elsewhere", "--removed").code == 0
    assert marks.marked == MarkedVideo(video_id=FILM, removed=True, episode=3)
    assert cli("marks", "set", FILM).code == 2


def test_download_archive_is_imported_and_other_lines_are_reported(
    cli: Cli, marks: MarksPeer, tmp_path: Path
) -> None:
    ids = [f"video{n:06}" for n in range(10_001)]
    file = tmp_path / "archive.txt"
    lines = [*(f"youtube {each}" for each in ids), "vimeo 12", "", f"youtube {ids[0]}"]
    file.write_text("\n".join(lines) + "\n")
    ran = cli("import", "download-archive", str(file), "--json")
    assert (ran.code, ran.json["marked"]) == (0, 9999)
    assert ran.json["stored"] == [ids[0], ids[10_000]]
    assert ran.json["lines_of_other_sites"] == [10_002]
    first, second = marks.asked
    assert isinstance(first, KnownVideos)
    assert (first.place, first.video_ids) == ("archive.txt", ids[:10_000])
    assert second == KnownVideos(video_ids=ids[10_000:], place="archive.txt")


def test_lines_that_name_no_video_are_reported_by_number(
    cli: Cli, marks: MarksPeer, tmp_path: Path
) -> None:
    file = tmp_path / "archive.txt"
    file.write_bytes(b"\xef\xbb\xbfyoutube " + FILM.encode() + b"\r\nyoutube ../x\nnonsense\xff\n")
    ran = cli("import", "download-archive", str(file), "--place", "the old disc")
    assert ran.code == 1
    assert "line 2 names no video" in ran.out
    assert "line 3 names no video" in ran.out
    assert marks.asked == [KnownVideos(video_ids=[FILM], place="the old disc")]
