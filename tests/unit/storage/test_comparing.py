"""The rule that decides what an answer about a video changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ytarchive.common.media import Translation, VideoMetadata
from ytarchive.storage.history.comparing import Verdict, compare
from ytarchive.storage.history.models import HistoryEntry, HistoryKind
from ytarchive.storage.history.versions import incomplete_line

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def video(**fields: Any) -> VideoMetadata:
    known: dict[str, Any] = {
        "video_id": "aaaaaaaaaaa",
        "title": "Ein Film",
        "description": "Eine Zeile\nund noch eine",
        "duration": 60,
        "upload_date": NOON - 30 * DAY,
        "channel_id": "UC1",
        "channel_title": "Kanal",
        "thumbnail_urls": {"high": "https://i.ytimg.com/vi/aaaaaaaaaaa/hqdefault.jpg"},
        "available_captions": ["de", "en"],
        "view_count": 100,
        "like_count": 10,
        "fetched_at": NOON,
        "kind": "video",
        "language": "de",
        "source": "yt-dlp",
    }
    return VideoMetadata.model_validate(known | fields)


BY_API = {"source": "data_api", "available_captions": None, "kind": None, "language": None}
OTHER_PICTURE = {"high": "https://i.ytimg.com/vi/aaaaaaaaaaa/hqdefault.jpg?v=65aa0001"}


@pytest.mark.parametrize(
    ("answer", "verdict", "fields"),
    [
        ({}, Verdict.UNCHANGED, []),
        ({"view_count": 500, "like_count": None}, Verdict.UNCHANGED, []),
        (BY_API, Verdict.UNCHANGED, []),
        ({"duration": 61}, Verdict.UNCHANGED, []),
        ({"description": "Eine Zeile\r\nund noch eine\n"}, Verdict.UNCHANGED, []),
        ({"title": "Anderer Film"}, Verdict.CHANGED, ["title"]),
        ({"description": "Kürzer"}, Verdict.CHANGED, ["description"]),
        ({"duration": 45}, Verdict.CHANGED, ["duration"]),
        ({"channel_title": "Neuer Name"}, Verdict.CHANGED, ["channel_title"]),
        ({"available_captions": ["de", "en", "fr"]}, Verdict.CHANGED, ["available_captions"]),
        ({"thumbnail_urls": OTHER_PICTURE}, Verdict.CHANGED, ["thumbnail_urls"]),
        ({"description": ""}, Verdict.INCOMPLETE, ["description"]),
        ({"title": ""}, Verdict.INCOMPLETE, ["title"]),
        ({"duration": None}, Verdict.INCOMPLETE, ["duration"]),
        ({"channel_id": ""}, Verdict.INCOMPLETE, ["channel_id"]),
        ({"upload_date": None}, Verdict.INCOMPLETE, ["upload_date"]),
        ({"thumbnail_urls": {}}, Verdict.INCOMPLETE, ["thumbnail_urls"]),
        ({"available_captions": []}, Verdict.INCOMPLETE, ["available_captions"]),
        ({"available_captions": ["en"]}, Verdict.INCOMPLETE, ["available_captions"]),
        ({"title": "New", "description": ""}, Verdict.INCOMPLETE, ["description"]),
    ],
)  # fmt: skip
def test_what_an_answer_changes(
    answer: dict[str, Any], verdict: Verdict, fields: list[str]
) -> None:
    known = video()
    found = compare(known, video(**answer))
    assert found.verdict is verdict
    assert [*found.changed, *found.lacks] == fields
    if verdict is Verdict.INCOMPLETE:
        assert found.result == known


def test_what_an_answer_does_not_contain_stays_known() -> None:
    found = compare(video(), video(**BY_API, view_count=None, like_count=11)).result
    assert (found.available_captions, found.language, found.kind) == (["de", "en"], "de", "video")
    assert (found.view_count, found.like_count, found.source) == (100, 11, "data_api")


@pytest.mark.parametrize(
    ("days", "accepted"),
    [([], False), ([1], False), ([1, 1.5], False), ([2, 1], True), ([9, 5, 1], True)],
)
def test_only_answers_over_some_days_confirm_that_a_description_was_removed(
    days: list[float], accepted: bool
) -> None:
    lesser = video(description="")
    earlier = [incomplete_line(video(fetched_at=NOON - day * DAY), ["description"]) for day in days]
    found = compare(video(), lesser, earlier)
    assert (found.verdict is Verdict.CHANGED) is accepted
    assert (found.result.description == "") is accepted


def test_a_complete_answer_in_between_ends_the_confirmation() -> None:
    earlier = [incomplete_line(video(fetched_at=NOON - n * DAY), ["description"]) for n in (5, 4)]
    whole = HistoryEntry(kind=HistoryKind.COUNTS, time=NOON - 3 * DAY, data={"views": 5})
    assert compare(video(), video(description=""), [*earlier, whole]).lacks == ("description",)


def test_a_length_or_title_that_is_missing_is_never_accepted() -> None:
    earlier = [incomplete_line(video(fetched_at=NOON - n * DAY), ["duration"]) for n in (9, 5, 1)]
    assert compare(video(), video(duration=None), earlier).verdict is Verdict.INCOMPLETE


TRANSLATION = Translation(title="A film", description="A line\nand one more")
IN_ENGLISH = {"title": "A film", "description": "A line\nand one more"}


@pytest.mark.parametrize(
    ("known", "answer"),
    [
        ({}, IN_ENGLISH | {"is_translated": True}),
        ({"translation": TRANSLATION}, IN_ENGLISH),
        ({"translation": TRANSLATION}, {"title": "A film"}),
        ({}, {"translation": TRANSLATION, "source": "data_api"}),
    ],
)
def test_a_translated_title_is_not_an_edit(known: dict[str, Any], answer: dict[str, Any]) -> None:
    found = compare(video(**known), video(**answer))
    assert found.verdict is Verdict.UNCHANGED
    assert found.result.title == "Ein Film"
    assert found.result.description == video().description


def test_an_edit_is_found_in_spite_of_a_translation() -> None:
    known = video(translation=TRANSLATION)
    assert compare(known, video(title="Ein neuer Film")).changed == ("title",)
    original = video(title="Ein neuer Film", translation=TRANSLATION, source="data_api")
    assert compare(known, original).changed == ("title",)


def test_an_original_title_replaces_a_translated_one() -> None:
    found = compare(video(**IN_ENGLISH, is_translated=True), video())
    assert (found.result.title, found.result.is_translated) == ("Ein Film", False)
