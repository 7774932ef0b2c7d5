"""The warnings of yt-dlp in the log."""

from ytarchive.ytdlp.worker.messages import Messages


def heard(*warnings: str) -> list[str]:
    messages = Messages()
    found: list[str] = []
    messages.report = lambda level, text: found.append(f"{level} {text}")
    messages.begin("dQw4w9WgXcQ")
    for warning in warnings:
        messages.warning(warning)
    messages.pass_on()
    return found


def test_each_cause_is_reported_once_for_each_video() -> None:
    assert heard(
        "[youtube] dQw4w9WgXcQ: Unable to download https://x/1 (caused by <A object at 0x1>)",
        "[youtube] dQw4w9WgXcQ: Unable to download https://x/2 (caused by <B object at 0x2>)",
        "Got error: 3 bytes read. Retrying (1/3)...",
        "Got error: 9 bytes read. Retrying (2/3)...",
        "n challenge solving failed",
    ) == [
        "WARNING dQw4w9WgXcQ: Unable to download https://x/1",
        "WARNING dQw4w9WgXcQ: Got error: 3 bytes read. Retrying (1/3)...",
        "WARNING dQw4w9WgXcQ: n challenge solving failed",
    ]


def test_messages_about_no_video_are_left_out() -> None:
    assert not heard("The extractor specified to use impersonation for this download")


def test_the_next_video_has_its_own_warnings() -> None:
    messages = Messages()
    found: list[str] = []
    messages.report = lambda level, text: found.append(text)
    for video_id in ("a", "b"):
        messages.begin(video_id)
        messages.warning("n challenge solving failed")
        messages.pass_on()
    assert found == ["a: n challenge solving failed", "b: n challenge solving failed"]


def test_a_failed_task_has_its_warnings_only_in_its_error() -> None:
    messages = Messages()
    found: list[str] = []
    messages.report = lambda level, text: found.append(text)
    messages.begin("a")
    messages.warning("HTTP Error 503")
    assert messages.warnings == ["HTTP Error 503"]
    messages.begin("b")
    assert not messages.warnings
    assert not found
