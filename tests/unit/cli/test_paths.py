"""No output breaks a path, at any width: users copy them."""

from pathlib import Path

import pytest
from rich.console import RenderableType

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import FILM, NOON, TALK, Peers, stored
from ytarchive.cli.commands.finding import _results, _videos
from ytarchive.cli.commands.jobs import _jobs_table
from ytarchive.cli.commands.verify import Verified, _verified
from ytarchive.cli.commands.workplan import _plan_details
from ytarchive.cli.output import Output, cell, pairs, table
from ytarchive.cli.summary import results_table
from ytarchive.common.models import Page
from ytarchive.jobs import ResultStatus
from ytarchive.storage import (
    Finding,
    FindingKind,
    FoundVideo,
    PassState,
    SearchResults,
    StoredVideo,
    UnavailableVideo,
    Verification,
    VerifyMode,
    WorkPlan,
)

FOLDER = "/mnt/My large archive of recorded talks/2026 and later/videos with a long folder name"
WIDTHS = [20, 40, 80, 100]


def shown(capsys: pytest.CaptureFixture[str], value: RenderableType) -> str:
    Output(as_json=False).print(value)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", WIDTHS)
def test_no_kind_of_output_breaks_a_path(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    rows = [[FILM, "A title of several words that is wrapped", f"cannot read {FOLDER}/a b.mp4"]]
    for value in (
        cell(f"wrote {FOLDER}/a b.mp4"),
        pairs([("file", f"{FOLDER}/a b.mp4")]),
        table(["VIDEO", "~TITLE", "~/REMARK"], rows),
        table(["VIDEO", "~TITLE", "/FILE"], rows),
        table(["VIDEO", "/FILE", ">SIZE"], [[FILM, f"{FOLDER}/a b.mp4", "1 MB"]]),
    ):
        assert f"{FOLDER}/a b.mp4" in shown(capsys, value)


@pytest.mark.parametrize("columns", ["0", "", "00"])
def test_a_terminal_without_a_width_shows_everything(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert "a film" in shown(capsys, pairs([("title", "a film")]))


@pytest.mark.parametrize("width", WIDTHS)
def test_names_in_a_column_of_files_are_whole_without_a_slash_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    name = "my own notes about these recordings, second version of the third draft.txt"
    finding = Finding(
        kind=FindingKind.FOREIGN, path=name, detail="no file of ytarchive", found_at=NOON,
        is_removed=False,
    )  # fmt: skip
    verification = Verification(
        state=PassState.COMPLETE, mode=VerifyMode.QUICK, findings={FindingKind.FOREIGN: 1}
    )
    verified = Verified(verification=verification, findings=[finding], job_ids=[])
    assert name in shown(capsys, _verified(verified))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", ["config", "doctor"])
def test_commands_show_the_complete_path_of_the_archive(
    cli: Cli, archive: Peers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str,
    width: int,
) -> None:  # fmt: skip
    base = tmp_path / FOLDER.lstrip("/")
    base.mkdir(parents=True)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("YTARCHIVE_STORAGE__BASE_PATH", str(base))
    assert str(base) in cli(command).out


TITLE = "How compilers turn a loop into machine code"
VIDEO = {
    "video_id": FILM, "title": TITLE, "channel_id": "UCabcdefghijklmnopqrstuv",
    "channel_title": "A channel about languages", "upload_date": NOON, "duration": 36_000,
    "quality": "1080p", "size_bytes": 123_400_000, "has_captions": True, "stored_at": NOON,
    "video_path": f"{FOLDER}/{FILM}.mp4",
}  # fmt: skip


@pytest.mark.parametrize("width", [40, 80])
def test_every_list_shows_titles_on_narrow_terminals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, archive: Peers, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lists = [
        _videos(Page(items=[StoredVideo.model_validate(VIDEO)])),
        _results(found()),
        _jobs_table(Page(items=[archive.jobs.job("01a20684-210a-74bd-a370-9a0", title=TITLE)])),
        _plan_details(plan()),
        results_table([stored()], {FILM: TITLE}),
        results_table(
            [stored(status=ResultStatus.FAILED, message=f"cannot write {FOLDER}/x")], {FILM: TITLE}
        ),
    ]
    for each in lists:
        text = shown(capsys, each)
        assert all(word in text for word in TITLE.split())


def found() -> SearchResults:
    common = {name: value for name, value in VIDEO.items() if name in FoundVideo.model_fields}
    more = {"hits": [], "hit_count": 0, "url": f"https://youtu.be/{FILM}"}
    video = FoundVideo.model_validate(common | more)
    return SearchResults(total=1, is_total_exact=True, pending=0, items=[video])


def plan() -> WorkPlan:
    gone = UnavailableVideo(video_id=TALK, title=TITLE, reason="private", detected_at=NOON)
    return WorkPlan(
        id="plan-1", created_at=NOON, updated_at=NOON, unavailable_videos=[gone],
        failed_downloads=[], total_videos=2, successful_videos=1, job_id="job-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        ["adopt", ""], ["backup", ""], ["restore", ""], ["export", "bagit", ""], ["init", ""],
        ["--base-path", "", "storage"], ["--config", "", "storage"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_an_empty_path_does_not_mean_the_current_folder(cli: Cli, command: list[str]) -> None:
    result = cli(*command)
    assert result.code == 2
    assert "the path is empty" in result.err
