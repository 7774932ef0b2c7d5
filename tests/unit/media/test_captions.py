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


def test_all_formats_of_the_stand_in_have_the_same_lines() -> None:
    vtt, *others = (parse(captions("de", form)[0], form) for form in ("vtt", "srt", "srv1"))
    assert others == [vtt, vtt]
    assert vtt[1] == (1, "Stand-in caption 2 (de)")


TTML = """<?xml version="1.0" encoding="utf-8" ?>
<tt xml:lang="en" xmlns="http://www.w3.org/ns/ttml"><head/><body region="r1"><div>
<p begin="00:00:01.160" end="00:00:04.480" style="s2">salt &amp;
<span>pepper</span><br />in one pan</p>
<p begin="2.5s" dur="900ms">with oil</p><p style="s2">never shown</p>
</div></body></tt>"""
SRV1 = """<?xml version="1.0" encoding="utf-8" ?><transcript>
<text start="1.16" dur="3.32">salt &amp;amp; pepper\nin one pan</text>
<text start="2.5" dur="0.9">with oil</text></transcript>"""
SRV2 = """<timedtext><window t="0" op="define" />
<text t="1160" d="3320" w="1">salt &amp;amp; pepper\nin one pan</text>
<text t="1170" d="10" append="1">\n</text><text t="2500" d="900">with oil</text></timedtext>"""
SRV3 = """<timedtext format="3"><head><pen id="1" /></head><body><w t="0" id="1" />
<p t="1160" d="3320" w="1"><s>salt</s><s t="320"> &amp; pepper</s>\nin one pan</p>
<p t="2490" d="10" w="1" a="1">\n</p><p t="2500" d="900" w="1">with oil</p></body></timedtext>"""


@pytest.mark.parametrize(
    ("form", "content"), [("ttml", TTML), ("srv1", SRV1), ("srv2", SRV2), ("srv3", SRV3)]
)
def test_captions_in_each_format_of_xml_are_read(form: str, content: str) -> None:
    assert cues_of(content.encode(), form) == [
        (1160, 2500, ["salt & pepper", "in one pan"]),
        (2500, 3400, ["with oil"]),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "", "<tt>", "<tt/>", "WEBVTT", '<transcript><text start="x">a</text></transcript>',
        '<timedtext><p t="1e999" d="1">a</p></timedtext>', '<?xml version="1.0" encoding="x"?><a/>',
        '<!DOCTYPE tt [<!ENTITY a "b">]><tt><p begin="1s" end="2s">&a;</p></tt>',
        "<tt>" + '<p begin="1s" end="2s">' * 3000,
    ],
)  # fmt: skip
def test_xml_without_captions_has_no_lines(content: str) -> None:
    assert cues_of(content.encode(), "ttml") == []


def test_xml_nested_deeply_is_read() -> None:
    shown = "<span>" * 3000 + "deep" + "</span>" * 3000
    assert parse(f'<tt><p begin="1s" end="2s">{shown}</p></tt>', "ttml") == [(1, "deep")]


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
