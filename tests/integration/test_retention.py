"""Retention of a followed channel, with the real commands and yt-dlp."""

from pathlib import Path

from tests.harness import environment
from tests.integration.test_integrity import run
from tests.standin import StandInProcess


def test_rule_removes_old_videos_of_a_followed_channel_and_none_that_was_requested(
    youtube: StandInProcess, tmp_path: Path
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    channel = youtube.ask("/channels", {"title": "Retained"})["id"]
    oldest, old, new = (
        youtube.ask("/videos", {"title": title, "channel": channel})["id"]
        for title in ("Oldest", "Old", "New")
    )

    def stored() -> set[str]:
        return {path.name for path in (tmp_path / "archive/videos").iterdir()}

    assert run(settings, "subscribe", channel, "--newest", "3", "--quality", "360p")[0] == 0
    assert run(settings, "subscriptions", "run", "--due")[0] == 0
    assert stored() == {oldest, old, new}
    assert run(settings, "download", oldest)[0] == 0
    assert run(settings, "retention", "set", channel, "--newest", "1")[0] == 0
    _, preview = run(settings, "retention", "preview")
    _, report = run(settings, "retention", "run")
    assert [each["video_id"] for each in preview["removed"]] == [old]
    assert report["removed"] == preview["removed"]
    assert stored() == {oldest, new}
