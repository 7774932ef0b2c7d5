"""YouTube's captions are converted to lines, each once, with its time."""

import pytest

from tests.standin.captions import captions
from ytarchive.media import cues_of, subrip, webvtt


def parse(content: str | bytes, format_: str = "vtt") -> list[tuple[int, str]]:
    """The second and the text of each cue."""
    cues = cues_of(content if isinstance(content, bytes) else content.encode(), format_)
    return [(cue.begin // 1000, " ".join(cue.lines)) for cue in cues]


ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:00.160 --> 00:00:02.310 align:start position:0%
{blank}
so<00:00:00.480><c> hello</c><00:00:00.640><c> there</c>

00:00:02.310 --> 00:00:02.320 align:start position:0%
so hello there
{blank}

00:00:02.320 --> 00:00:04.230 align:start position:0%
so hello there
this<00:00:02.480><c> is</c><00:00:02.720><c> a</c><00:00:02.900><c> radio</c>

00:00:04.230 --> 00:00:04.240 align:start position:0%
this is a radio
{blank}

01:02:04.240 --> 01:02:06.000 align:start position:0%
this is a radio
[Music]
""".replace("{blank}", " ")


def test_automatic_captions_that_roll_give_every_line_once() -> None:
    assert parse(ROLLING) == [
        (0, "so hello there"),
        (2, "this is a radio"),
        (3724, "this is a radio [Music]"),
    ]


def test_captions_made_by_people_keep_their_cues() -> None:
    written = (
        "\ufeffWEBVTT\r\n\r\nNOTE by me\r\n\r\n1\r\n00:01.000 --> 00:02.000\r\n"
        "<v Ann>Salt &amp; <i>pepper</i>\r\nin one pan\r\n\r\n2\r\n00:09.000 --> 00:10.000\r\n"
        "Salt &amp; pepper\r\n"
    )
    assert parse(written) == [(1, "Salt & pepper in one pan"), (9, "Salt & pepper")]


def test_a_line_repeated_later_is_a_new_line() -> None:
    assert parse("WEBVTT\n\n00:01.000 --> 00:02.000\nyeah\n\n00:05.000 --> 00:06.000\nyeah\n") == [
        (1, "yeah"),
        (5, "yeah"),
    ]


def test_both_formats_of_the_stand_in_have_the_same_lines() -> None:
    vtt, srt = (parse(captions("de", form)[0], form) for form in ("vtt", "srt"))
    assert vtt == srt
    assert vtt[1] == (1, "Stand-in caption 2 (de)")


def test_content_that_is_no_captions_has_no_lines() -> None:
    for content in ("", "WEBVTT", "<html>", "00:00", "a --> b", "00:01.000 --> 00:02.000"):
        assert parse(content) == []


@pytest.mark.parametrize("form", ["vtt", "json3"])
def test_automatic_captions_of_each_format_have_each_line_once(form: str) -> None:
    cues = cues_of(captions("en", form, rolls=True)[0], form)
    assert [cue.lines for cue in cues] == [[f"Stand-in caption {n} (en)"] for n in range(1, 5)]
    times = [(cue.begin, cue.end) for cue in cues][:3]
    assert times == [(0, 1000), (1000, 2000), (2000, 3000)]
    assert cues_of(webvtt(cues), "vtt") == cues_of(subrip(cues), "srt") == cues


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"events": [1]}', b'{"events": 5}', b"{"])
def test_json_without_captions_has_no_lines(content: bytes) -> None:
    assert cues_of(content, "json3") == []


def test_markup_of_the_text_survives_as_text() -> None:
    content = b"WEBVTT\n\n00:01.000 --> 00:02.000\n1 &lt; 2 &amp;amp; <i>3</i>\n"
    cues = cues_of(content, "vtt")
    assert cues[0].lines == ["1 < 2 &amp; 3"]
    assert cues_of(webvtt(cues), "vtt") == cues
