"""One percentage over everything, which never goes backwards."""

from pathlib import Path
from typing import Any

from ytarchive.ytdlp import Transfer
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
        meter._said = 0  # as if some time had passed
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


def test_it_never_goes_backwards_when_a_transfer_starts_over(tmp_path: Path) -> None:
    seen, _ = play(tmp_path, moved("136", 800, 900), moved("136", 10, 900), moved("136", 900, 2000))
    percents = [each.percent for each in seen]
    assert percents == sorted(percents)


def test_what_was_there_before_did_not_come_over_the_network(tmp_path: Path) -> None:
    (tmp_path / "x.136+140.f136.mp4.part").write_bytes(bytes(600))
    _, meter = play(tmp_path, moved("136", 700, 900), moved("136", 900, 900))
    assert meter.network_bytes == 300


def test_a_server_that_ignores_the_range_sends_everything_again(tmp_path: Path) -> None:
    (tmp_path / "x.136+140.f136.mp4.part").write_bytes(bytes(600))
    _, meter = play(tmp_path, moved("136", 100, 900), moved("136", 900, 900))
    assert meter.network_bytes == 900


def test_it_speaks_at_most_five_times_a_second(tmp_path: Path) -> None:
    seen: list[Transfer] = []
    meter = ProgressMeter(seen.append)
    meter.fetching(INFO, tmp_path)
    for done in range(900):
        meter.progress(moved("136", done, 900))
    assert len(seen) <= 3
