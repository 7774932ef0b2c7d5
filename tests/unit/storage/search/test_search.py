"""Searching a real archive."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.storage.samples import OTHER, VIDEO
from tests.unit.storage.search.archives import captions_found, day, describe, found, indexed, store
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import InvalidRequest
from ytarchive.storage import HitField, SearchQuery
from ytarchive.storage.search import finder
from ytarchive.storage.service import StorageService

CUES = """00:00:05.000 --> 00:00:09.000
We build a <b>crystal</b> radio

00:01:00.000 --> 00:01:02.000
never gonna give

00:01:02.000 --> 00:01:04.000
you up, 東京タワー &amp; &lt;more&gt;

00:01:10.000 --> 00:01:12.000
radio radio
"""
THIRD = "cccccccccc3"


@pytest.fixture
async def library(storage: StorageService, config: StorageConfig) -> StorageService:
    """Three videos, of which the first has captions and the last only metadata."""
    about = {"duration": 100, "channel_title": "Tubes & Co", "description": "How\nit began"}
    await store(storage, config, VIDEO, "My kitchen", CUES, upload_date=day("2020-01-01"), **about)
    await store(storage, config, OTHER, "A radio, repaired", upload_date=day("2021-05-05"))
    await describe(storage, THIRD, "Old radios", upload_date=day("2022-01-01"))
    await indexed(storage)
    return storage


async def test_a_caption_is_found_with_its_second_and_its_file(
    library: StorageService, config: StorageConfig
) -> None:
    [video] = (await library.search.search(SearchQuery(query="crystal RADIO"))).items
    assert (video.video_id, video.title, video.channel_title) == (VIDEO, "My kitchen", "Tubes & Co")
    assert video.video_path == str(config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4")
    assert video.hit_count == 2
    first, second = video.hits
    assert (first.field, first.language, first.seconds) == (HitField.CAPTION, "en", 5)
    assert first.url == f"https://www.youtube.com/watch?v={VIDEO}&t=5"
    assert first.text == "We build a crystal radio"
    assert first.matches == [(11, 18), (19, 24)]
    assert first.snippet == "We build a <mark>crystal</mark> <mark>radio</mark>"
    captions = config.base_path / "videos" / VIDEO / "captions" / f"{VIDEO}.en.vtt"
    assert first.caption_path == str(captions)
    assert (second.seconds, second.text) == (70, "radio radio")


async def test_titles_come_first_then_newer_uploads(library: StorageService) -> None:
    assert await found(library, "radio") == [OTHER, VIDEO]
    assert await found(library, "radio*") == [THIRD, OTHER, VIDEO]


async def test_words_may_be_anywhere_and_phrases_may_span_lines(
    library: StorageService,
) -> None:
    assert await found(library, "kitchen began crystal") == [VIDEO]
    lines = await captions_found(library, '"gonna give you up"')
    assert [(hit.seconds, hit.snippet) for hit in lines] == [
        (60, "never <mark>gonna give</mark>"),
        (62, "<mark>you up</mark>, 東京タワー &amp; &lt;more&gt;"),
    ]
    assert await found(library, '"give gonna"') == []


async def test_part_of_a_chinese_or_japanese_text_is_found(library: StorageService) -> None:
    [hit] = await captions_found(library, "京タ")
    assert hit.snippet.startswith("you up, 東<mark>京タ</mark>ワー")


async def test_excluded_words_are_searched_in_captions_too(library: StorageService) -> None:
    assert await found(library, "radio -crystal") == [OTHER]
    assert await found(library, "kitchen -radio") == []


async def test_filters(library: StorageService) -> None:
    everything = {"query": "radio*", "limit": 10}
    for asked, expected in (
        ({"channel": "tubes & co"}, [VIDEO]),
        ({"channel": "Tubes"}, []),
        ({"channel": "UCuAXFkgsw1L7xaCfnd5JJOw"}, [THIRD, OTHER, VIDEO]),
        ({"uploaded_from": "2021-05-05"}, [THIRD, OTHER]),
        ({"uploaded_to": "2021-05-05"}, [OTHER, VIDEO]),
        ({"uploaded_from": "2020-01-02", "uploaded_to": "2021-12-31"}, [OTHER]),
        ({"duration_max": 100}, [VIDEO]),
        ({"duration_min": 101, "duration_max": 213}, [THIRD, OTHER]),
        ({"has_captions": True}, [VIDEO]),
        ({"has_captions": False, "uploaded_to": "2021-05-05"}, [OTHER]),
    ):
        results = await library.search.search(SearchQuery.model_validate(everything | asked))
        assert [video.video_id for video in results.items] == expected, asked
        assert (results.total, results.is_total_exact) == (len(expected), True)


async def test_a_query_without_words_finds_nothing_and_gives_the_reason(
    library: StorageService,
) -> None:
    for query in ("", "  ", '"', "*", "-", "-radio", "?!", "\x00"):
        results = await library.search.search(SearchQuery(query=query))
        assert (results.items, results.total) == ([], 0)
        assert results.remark == "there is no word to look for in the query"


@pytest.mark.parametrize("most_counted", [1000, 4])
async def test_pages_have_no_gaps_or_repetitions(
    storage: StorageService, most_counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for many videos of one day, of which some have the word in the title."""
    monkeypatch.setattr(finder, "_MAX_COUNTED", most_counted)
    ids = [f"{n:011}" for n in range(23)]
    for n, video_id in enumerate(ids):
        title = "A garden" if n % 3 else "Something"
        await describe(storage, video_id, title, description="garden")
    await indexed(storage)
    seen: list[str] = []
    cursor = None
    while True:
        query = SearchQuery(query="garden", limit=5, cursor=cursor)
        page = await storage.search.search(query)
        assert (page.total, page.is_total_exact) == (min(23, most_counted), most_counted > 23)
        seen += [video.video_id for video in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == ids
    assert all(int(video_id) % 3 for video_id in seen[:15])
    first = await storage.search.search(SearchQuery(query="garden", limit=5))
    for query in (
        SearchQuery(query="other", limit=5, cursor=first.next_cursor),
        SearchQuery(query="garden", cursor="nonsense"),
        SearchQuery(query="garden", cursor="é"),
    ):
        with pytest.raises(InvalidRequest, match="cursor"):
            await storage.search.search(query)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    query=st.one_of(
        st.text(max_size=500),
        st.text(alphabet='"*-^:(){}+ aäNOTR京\u0301\x00', max_size=500),
        st.lists(st.sampled_from(["AND", "OR", "NOT", "NEAR(", '"', "radio", "a*", "-b"])).map(
            lambda parts: " ".join(parts)[:500]
        ),
    )
)
@example(query="a* " * 160)
@example(query="title:radio")
@example(query='"""')
@example(query="\U0001e900 \U0001f970")
async def test_no_query_is_an_error(library: StorageService, query: str) -> None:
    assert (await library.search.search(SearchQuery(query=query))).total <= 3
