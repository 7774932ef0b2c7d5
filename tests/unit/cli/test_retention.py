"""`ytarchive retention`."""

from datetime import UTC, datetime

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import Peers
from ytarchive.common.models import Page
from ytarchive.retention import (
    KeptReason,
    KeptVideos,
    PlannedRemoval,
    RemovalsQuery,
    Retention,
    RetentionAPI,
    RetentionLimit,
    RetentionPreview,
    RetentionRemoval,
    RetentionReport,
    RetentionRequest,
    RetentionRule,
    RunRetention,
)

_NOW = datetime(2026, 5, 4, 3, 2, tzinfo=UTC)
_ID = "01a22343-5784-7615-8f43-0c6fad6942a7"
_LONG = "A title that is much longer than one line of a terminal has space for, as many are"
_REMOVED = PlannedRemoval(
    video_id="jNQXAC9IVRw", title=_LONG, size_bytes=10**9, stored_at=_NOW, subscription_ids=[_ID],
    limit=RetentionLimit.MAX_VIDEOS, reason="not among the newest 2",
)  # fmt: skip
_KEPT = KeptVideos(
    reason=KeptReason.HELD, message="held by A list, which has no applied rule", videos=1200,
    size_bytes=3 * 10**12, example="dQw4w9WgXcQ",
)  # fmt: skip


class RetentionPeer(RetentionAPI):
    """One rule, which removes one video."""

    def __init__(self) -> None:
        self.rule = RetentionRule(max_videos=2)
        self.ran: RunRetention | None = None

    def _shown(self) -> Retention:
        return Retention(
            subscription_id=_ID, list_id="PLa", title=_LONG, rule=self.rule, is_applied=False
        )

    async def list_retention(self) -> list[Retention]:
        return [self._shown()]

    async def set_retention(self, subscription: str, request: RetentionRule) -> Retention:
        self.rule = request
        return self._shown()

    async def clear_retention(self, subscription: str) -> Retention:
        return self._shown()

    async def preview_retention(self, request: RetentionRequest) -> RetentionPreview:
        return RetentionPreview(
            removed=[_REMOVED], removed_bytes=10**9, kept=[_KEPT], kept_bytes=3 * 10**12,
            purged_items=["a", "b"], purged_bytes=500, free_bytes=10**10, trash_bytes=10**8,
            counted_at=_NOW,
        )  # fmt: skip

    async def run_retention(self, request: RunRetention) -> RetentionReport:
        self.ran = request
        return RetentionReport(removed=[_REMOVED], removed_bytes=10**9, changed=["dQw4w9WgXcQ"])

    async def list_removals(self, request: RemovalsQuery) -> Page[RetentionRemoval]:
        removal = RetentionRemoval(
            video_id="jNQXAC9IVRw", title=_LONG, subscription_id=_ID, subscription_title="A list",
            limit=RetentionLimit.MAX_VIDEOS, reason="not among the newest 2", size_bytes=10**9,
            removed_at=_NOW,
        )  # fmt: skip
        return Page(items=[removal])


@pytest.fixture
def peer(archive: Peers) -> RetentionPeer:
    peer = RetentionPeer()
    archive.contracts[RetentionAPI] = peer  # type: ignore[index]  # a dict in tests
    return peer


def test_options_become_the_limits_of_a_rule(cli: Cli, peer: RetentionPeer) -> None:
    limits = ("--max-age", "90d", "--newest", "50", "--max-size", "200GB", "--min-free", "1GiB")
    shown = cli("retention", "set", "PLa", *limits).out
    assert peer.rule == RetentionRule(
        max_age_days=90, max_videos=50, max_bytes=200 * 10**9, min_free_bytes=2**30
    )
    assert "at most 90 days, the newest 50, the newest 200.0 GB, 1.1 GB free" in shown
    assert "ytarchive retention preview" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["set", "PLa"], "Name a limit"),
        (["set", "PLa", "--max-size", "lots"], "must be a size such as"),
        (["run", "PLa", "--due"], "Give a SUBSCRIPTION, or --due"),
    ],
)
def test_unusable_options_are_refused_with_a_hint(
    cli: Cli, peer: RetentionPeer, arguments: list[str], message: str
) -> None:
    ran = cli("retention", *arguments)
    assert ran.code == 2
    assert message in ran.err


def test_preview_shows_removed_and_kept_videos_with_totals(cli: Cli, peer: RetentionPeer) -> None:
    shown = " ".join(cli("retention", "preview").out.split())
    for part in (
        "jNQXAC9IVRw 1.0 GB not among the newest 2",
        "1,200 3.0 TB held by A list, which has no applied rule dQw4w9WgXcQ",
        "removed 1 video, 1.0 GB",
        "kept 1200 videos, 3.0 TB",
        "from trash 2 items deleted, 500 bytes",
    ):
        assert part in shown
    assert cli("retention", "preview", "--json").json["kept"][0]["reason"] == "held"


def test_report_names_videos_that_changed_meanwhile(cli: Cli, peer: RetentionPeer) -> None:
    shown = cli("retention", "run", "--due").out
    assert "1 video moved to the trash, 1.0 GB" in shown
    assert "kept, because they changed meanwhile: dQw4w9WgXcQ" in shown
    assert peer.ran == RunRetention(due=True)


@pytest.mark.parametrize("command", [["list"], ["preview"], ["run", "--due"], ["log"]])
def test_lines_fit_into_80_columns(
    cli: Cli, peer: RetentionPeer, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli("retention", *command).out.splitlines()
    assert [line for line in lines if len(line) > 80 and not line.startswith("    ")] == []
