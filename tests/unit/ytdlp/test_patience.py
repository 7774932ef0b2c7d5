"""A task that is silent for too long: whether the network or a program is the cause."""

import pytest

from ytarchive.common.config import Settings
from ytarchive.common.errors import DownloadTimeout, NetworkTimeout, YTArchiveError
from ytarchive.ytdlp.api import Transfer
from ytarchive.ytdlp.client import ProgressTimeout
from ytarchive.ytdlp.protocol import Event

ASKING, ANSWERED = Event(kind="request", is_unanswered=True), Event(kind="request")


def phase(name: str) -> Event:
    moment = Transfer(phase=name, percent=1, downloaded_bytes=1, total_bytes=2, speed=1)
    return Event(kind="progress", transfer=moment)


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([ASKING], NetworkTimeout),
        ([ASKING, ANSWERED], DownloadTimeout),
        ([phase("extracting"), ASKING], NetworkTimeout),
        ([phase("extracting"), ASKING, ANSWERED], DownloadTimeout),
        ([phase("video")], NetworkTimeout),
        ([phase("video"), ASKING, ANSWERED, phase("audio")], NetworkTimeout),
        ([phase("video"), phase("merging")], DownloadTimeout),
        ([phase("video"), phase("merging"), ASKING], DownloadTimeout),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "-".join(
        event.transfer.phase if event.transfer else f"request-{event.is_unanswered}"
        for event in each
    ),
)  # fmt: skip
def test_a_silent_task_fails_by_the_network_only_if_it_waits_for_the_network(
    events: list[Event], kind: type[YTArchiveError]
) -> None:
    patience = ProgressTimeout(Settings())
    for event in events:
        patience.is_renewed_by(event)
    assert type(patience.error()) is kind
