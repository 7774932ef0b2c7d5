"""YouTube's captions are converted to lines, each once, with its time."""

from tests.standin.captions import captions
from ytarchive.storage.search.documents import parse

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
    vtt, srt = (parse(captions("de", form)[0].decode()) for form in ("vtt", "srt"))
    assert vtt == srt
    assert vtt[1] == (1, "Stand-in caption 2 (de)")


def test_content_that_is_no_captions_has_no_lines() -> None:
    for content in ("", "WEBVTT", "<html>", "00:00", "a --> b", "00:01.000 --> 00:02.000"):
        assert parse(content) == []
