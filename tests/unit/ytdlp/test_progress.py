"""One percentage over everything, which never decreases."""

from pathlib import Path
from typing import Any

import pytest

from ytarchive.common.errors import DiskFull, IntegrityFailure, StreamTooLong
from ytarchive.ytdlp import Transfer
from ytarchive.ytdlp.worker.limits import DiskWatch, size_limit
from ytarchive.ytdlp.worker.progress import ProgressMeter

INFO: dict[str, Any] = {
    "format_id": "136+140",
    "width": 1280,
    "height": 720,
    "requested_formats": [
        {"format_id": "136", "vcodec": "avc1", "filesize": 900},
        {"format_id": "140", "vcodec": "none", "filesize": 100},
    ],
}


def moved(number: str, done: int, total: int, status: str = "downloading") -> dict[str, Any]:
    return {
        "status": status, "info_dict": {"format_id": number}, "downloaded_bytes": done,
        "total_bytes": total, "speed": 10.0,
    }  # fmt: skip


def play(folder: Path, *moments: dict[str, Any]) -> tuple[list[Transfer], ProgressMeter]:
    seen: list[Transfer] = []
    meter = ProgressMeter(seen.append)
    meter.extracting()
    meter.fetching(INFO, folder)
    for moment in moments:
        meter._reported_at = 0  # as if some time had passed
        meter.progress(moment)
    return seen, meter


def test_video_audio_and_merge_share_one_percentage(tmp_path: Path) -> None:
    seen, meter = play(tmp_path, moved("136", 450, 900), moved("136", 900, 900),
                       moved("140", 50, 100), moved("140", 100, 100))  # fmt: skip
    meter.postprocessor({"postprocessor": "Merger", "status": "started"})
    meter.postprocessor({"postprocessor": "Merger", "status": "finished"})
    assert [each.phase for each in seen] == [
        "extracting", "video", "video", "video", "audio", "audio", "merging",
    ]  # fmt: skip
    assert [each.percent for each in seen] == [0, 0, 44.1, 88.2, 93.1, 98.0, 98.0]
    assert (seen[2].total_bytes, seen[2].eta, seen[2].quality) == (1000, 55, "720p")


def test_progress_never_decreases_when_a_transfer_starts_again(tmp_path: Path) -> None:
    seen, _ = play(tmp_path, moved("136", 800, 900), moved("136", 10, 900), moved("136", 900, 2000))
    percents = [each.percent for each in seen]
    assert percents == sorted(percents)


def test_earlier_bytes_do_not_count_as_received(tmp_path: Path) -> None:
    (tmp_path / "x.136+140.f136.mp4.part").write_bytes(bytes(600))
    _, meter = play(tmp_path, moved("136", 700, 900), moved("136", 900, 900))
    assert meter.network_bytes == 300


def test_a_server_that_ignores_the_range_sends_everything_again(tmp_path: Path) -> None:
    (tmp_path / "x.136+140.f136.mp4.part").write_bytes(bytes(600))
    _, meter = play(tmp_path, moved("136", 100, 900), moved("136", 900, 900))
    assert meter.network_bytes == 900


def test_progress_is_reported_at_most_five_times_a_second(tmp_path: Path) -> None:
    seen: list[Transfer] = []
    meter = ProgressMeter(seen.append)
    meter.fetching(INFO, tmp_path)
    for done in range(900):
        meter.progress(moved("136", done, 900))
    assert len(seen) <= 3


MIB = 2**20


@pytest.mark.parametrize(
    ("chosen", "duration", "limit"),
    [
        ({"filesize": 100 * MIB}, 10, 118 * MIB),
        ({"filesize": 0, "filesize_approx": 100 * MIB}, 10, 264 * MIB),
        ({"filesize": None, "filesize_approx": None, "vcodec": "vp9"}, 10, 125_000_000 + 64 * MIB),
        ({"vcodec": "none"}, 10, 5_000_000 + 64 * MIB),
        ({}, None, None),
    ],
)
def test_a_streams_limit_follows_from_the_best_size_that_is_known(
    chosen: dict[str, Any], duration: float | None, limit: int | None
) -> None:
    assert size_limit(chosen, duration) == limit


def test_a_fragmented_stream_stops_at_its_limit_too(tmp_path: Path) -> None:
    part = moved("136", 8 * MIB + 990, 900)
    play(tmp_path, part)
    with pytest.raises(StreamTooLong):
        play(tmp_path, part, part | {"downloaded_bytes": 8 * MIB + 991})


@pytest.mark.parametrize(
    ("moments", "is_whole"),
    [
        ([moved("136", 950, 950), moved("136", 950, 950, "finished")], True),
        ([moved("136", 950, 1000), moved("136", 950, 950, "finished")], False),
        ([moved("136", 850, 850), moved("136", 850, 850, "finished")], False),
    ],
    ids=["longer as the server said", "longer, but cut", "shorter"],
)
def test_a_size_that_differs_is_noted_only_if_the_server_sent_all_of_more(
    tmp_path: Path, moments: list[dict[str, Any]], is_whole: bool
) -> None:
    if not is_whole:
        with pytest.raises(IntegrityFailure):
            play(tmp_path, *moments)
        return
    assert play(tmp_path, *moments)[1].remarks == [
        "the video has 950 bytes, and 900 were announced"
    ]


class FullDisk(DiskWatch):
    """A disk with so many bytes left above `min_free`."""

    def __init__(self, left: int) -> None:
        super().__init__(0)
        self.now = left

    def left(self, folder: Path) -> int:
        return self.now


def test_a_merge_starts_only_with_disk_space_and_reports_its_loss(
    tmp_path: Path,
) -> None:
    disk = FullDisk(999)
    meter = ProgressMeter(lambda _: None, disk)
    meter.fetching(INFO, tmp_path)
    for each in (moved("136", 900, 900), moved("140", 100, 100)):
        meter.progress(each)
    started = {"postprocessor": "Merger", "status": "started"}
    with pytest.raises(DiskFull, match="to merge"):
        meter.postprocessor(started)
    disk.now = 1000
    meter.postprocessor(started)
    assert meter.shortage() is None
    disk.now = -1
    assert isinstance(meter.shortage(), DiskFull)
    meter.postprocessor(started | {"status": "finished"})
    assert meter.shortage() is None
