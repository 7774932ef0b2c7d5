"""The display of running jobs: bars on a terminal, lines elsewhere."""

import io
import time
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from tests.unit.cli.peers import FILM, TALK, peers, running, stored
from ytarchive.cli.output import Output, clock, size
from ytarchive.cli.text import plain
from ytarchive.cli.views import LiveView, PlainView, view_for
from ytarchive.jobs import Job, JobProgress, JobStatus


def job(**progress: object) -> Job:
    fields = {"done": 12, "total": 60, "speed": 3_100_000, "eta": 130} | progress
    return peers().jobs.job(
        "job-1", JobStatus.RUNNING, title="A list", progress=JobProgress.model_validate(fields)
    )


def on_terminal(width: int = 120) -> tuple[Output, io.StringIO]:
    screen = io.StringIO()
    out = Output(as_json=False)
    out.console = Console(file=screen, force_terminal=True, width=width, color_system=None)
    return out, screen


def drawn(*jobs: Job, width: int = 120) -> str:
    """The last output of a live view."""
    out, screen = on_terminal(width)
    with LiveView(out) as view:
        for each in jobs:
            screen.seek(0)
            screen.truncate()
            view.update([each])
        return screen.getvalue()


def test_each_running_video_has_phase_percent_bytes_speed_and_time_left() -> None:
    picture = drawn(job(active=[running(), running(TALK, title="A talk", phase="audio")]))
    film = next(line for line in picture.splitlines() if "A film" in line)
    assert [part for part in film.split() if "━" not in part and "╺" not in part][-7:] == [
        "video", "40%", "4.0", "MB/10.0", "MB", "2.0", "MB/s", "0:03",
    ][-7:]  # fmt: skip
    assert "audio" in picture
    assert "A talk" in picture


def test_the_whole_job_has_a_bar_with_its_count_speed_and_time_left() -> None:
    line = next(line for line in drawn(job()).splitlines() if "A list" in line)
    for part in ("12/60", "3.1 MB/s", "2:10"):
        assert part in line


def test_a_list_that_is_being_read_is_marked() -> None:
    assert "12/60+" in drawn(job(listing=True))


def test_a_finished_video_is_removed_from_the_bars() -> None:
    both = job(active=[running(), running(TALK, title="A talk")])
    picture = drawn(both, job(active=[running(TALK, title="A talk")]))
    assert "A film" not in picture.rsplit("\x1b[2K", maxsplit=1)[-1]
    assert "A talk" in picture


def test_a_wait_and_failures_are_shown() -> None:
    picture = drawn(job(waiting_for="YouTube has rate-limited this IP address", failed=2))
    assert "waiting: YouTube has rate-limited this IP address; 2 failed" in picture


def test_hostile_titles_stay_on_one_line() -> None:
    picture = drawn(job(active=[running(title="[red]a\nb\x1b[2J{task.fields}")]))
    assert "[red]a b�[2J{task.fields}" in picture


@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_cut_on_narrow_terminals(width: int) -> None:
    picture = drawn(job(active=[running(title="A very long title " * 20)]), width=width)
    lines = [line for line in picture.splitlines() if "━" in line or "MB" in line]
    assert all(len(line.split("\x1b[2K")[-1]) <= width for line in lines)


def test_without_a_terminal_a_line_is_printed_at_intervals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with PlainView(Output(as_json=False)) as view:
        for _ in range(100):
            now += 0.3
            view.update([job(active=[running()], failed=1)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0] == ("A list: 12 of 60 done, 1 failed, 3.1 MB/s, 2:10 left, A film: video 40%")


def test_a_dumb_terminal_and_a_pipe_get_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(view_for(Output(as_json=False), stream=False), PlainView)
    monkeypatch.setenv("TERM", "dumb")
    out, _ = on_terminal()
    assert isinstance(view_for(out, stream=False), PlainView)


def test_no_colour_when_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert Output(as_json=False).console.no_color


def test_numbers_are_short() -> None:
    assert (size(0), size(999), size(12_345_678)) == ("0 bytes", "999 bytes", "12.3 MB")
    assert (clock(None), clock(0), clock(125), clock(3725)) == ("", "0:00", "2:05", "1:02:05")


def test_text_is_plain() -> None:
    assert plain("a\tb\r\nc") == "a b  c"
    assert plain("\x1b]0;x\x07 \x9b31m") == "�]0;x� �31m"
    assert plain("Ünïcödé 日本 🎬") == "Ünïcödé 日本 🎬"
    assert plain("👨\u200d👩\u200d👧 क्\u200dष न्\u200cन") == "👨\u200d👩\u200d👧 क्\u200dष न्\u200cन"
    assert plain("txt\u202egpj.exe \u2066x\u2069 \u200bz\ufeff") == "txt�gpj.exe �x� �z�"


def test_the_id_is_shown_for_a_video_without_a_title() -> None:
    assert FILM in drawn(job(active=[running(title="")]))


@pytest.mark.parametrize("width", [40, 80, 100, 120])
@pytest.mark.parametrize("title", ["How compilers work, part 2", "日本語の長い題名日本語"])
def test_titles_are_readable_at_every_width(width: int, title: str) -> None:
    video = running(title=title, downloaded_bytes=123_400_000, total_bytes=567_800_000)
    picture = drawn(job(active=[video], done=12_000, total=50_000, eta=93_725), width=width)
    assert title in picture
    assert "A list" in picture
    assert "40%" in picture
    assert "26:02:05" in picture


@pytest.mark.parametrize(
    "ended",
    [
        {"active": [running(phase="done", progress_percent=100)]},
        {"active": [running(phase="storing", progress_percent=100)]},
    ],
)
def test_the_line_of_a_finished_video_disappears_although_it_is_still_listed(
    ended: dict[str, object],
) -> None:
    after = job(**ended).model_copy(update={"results": [stored()]})
    assert "A film" not in drawn(job(active=[running()]), after).rsplit("\x1b[2K", maxsplit=1)[-1]


def test_the_expected_end_is_shown_once_for_all_jobs() -> None:
    end = datetime.now(UTC) + timedelta(days=2)
    shown = f"ends about {end.astimezone():%Y-%m-%d %H:%M}"
    assert shown in drawn(job(ends_at=end))
    assert "ends about" not in drawn(job())


def test_a_reason_too_long_for_the_line_is_printed_whole_once() -> None:
    reason = f"the archive at /mnt/{'deep/' * 30}end cannot be read"
    waiting = job(waiting_for=reason)
    out, screen = on_terminal(60)
    with LiveView(out) as view:
        view.update([waiting])
        view.update([waiting])
        picture = screen.getvalue()
    assert picture.count(f"waiting: {reason}\n") == 1
