"""Valid captions and pictures: complete files are accepted, everything else is refused."""

import subprocess
from pathlib import Path

import pytest

from tests.standin.captions import captions
from tests.standin.media import ffmpeg_program
from ytarchive.media import (
    LARGEST_FILE,
    ContentError,
    as_jpeg,
    contents,
    require_captions,
    require_xml_captions,
)

VTT = captions("en", "vtt")[0]
CUE = "00:01.000 --> 00:02.000\nHello\n"
WEB_PAGE = b"<!DOCTYPE html><html><body>Sorry</body></html>"


def refusal(content: bytes) -> str:
    """Why captions are refused; nothing if they are accepted."""
    try:
        require_captions(content)
    except ContentError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "content",
    [
        VTT,
        b"\xef\xbb\xbf" + VTT,
        VTT.replace(b"\n", b"\r\n"),
        VTT.replace(b"\n", b"\r"),
        f"WEBVTT - title\n\nNOTE a comment\n\nSTYLE\n::cue {{}}\n\n1\n{CUE}".encode(),
        "WEBVTT\n\n100:00:00.000 --> 100:00:01.000 align:start position:0%\nZ\u00fcrich\n".encode(),
    ],
)
def test_webvtt_with_cues_is_accepted(content: bytes) -> None:
    assert refusal(content) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"WEBVTT\n",
        b"WEBVTT\n\nno cue\n",
        WEB_PAGE,
        b"  \n" + WEB_PAGE,
        captions("en", "srt")[0],
        captions("en", "json3")[0],
        captions("en", "")[0],
        f"WEBVTTX\n\n{CUE}".encode(),
        f"webvtt\n\n{CUE}".encode(),
        f"\n\nWEBVTT\n\n{CUE}".encode(),
        f"WEBVTT\n\n{CUE}\n00:02.000 --> 00:0".encode(),
        f"WEBVTT\n\n{CUE}\n00:02.000 --> 00:99.000\nx\n".encode(),
        f"WEBVTT\n\n{CUE}\0".encode(),
        f"WEBVTT\n\n{CUE}".encode("utf-16"),
        f"WEBVTT\n\n{CUE}\u00fc".encode("latin-1"),
        f"WEBVTT\n\n{CUE}\u00fc".encode()[:-1],
        f"WEBVTT\n\n{CUE}".encode().ljust(LARGEST_FILE + 1, b"x"),
        b"\x1f\x8b\x08\x00" + bytes(100),
    ],
    ids=range(19),
)
def test_anything_else_is_not_accepted_as_captions(content: bytes) -> None:
    assert "YouTube sent" in refusal(content)


TTML = b'<?xml version="1.0"?>\n<tt xmlns="http://www.w3.org/ns/ttml"><body/></tt>\n'


def test_captions_in_xml_are_accepted_only_whole() -> None:
    for content in (TTML, captions("en", "srv1")[0], b'<timedtext format="3"></timedtext>'):
        require_xml_captions(content)
    for other in (b"", TTML[:-8], WEB_PAGE, VTT, b"<?xml?><rss></rss>"):
        with pytest.raises(ContentError, match="YouTube sent"):
            require_xml_captions(other)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same picture in each format."""
    folder = tmp_path_factory.mktemp("pictures")
    made = {name: folder / f"picture.{name}" for name in ("jpg", "png", "webp", "gif")}
    outputs = [part for path in made.values() for part in ("-frames:v", "1", str(path))]
    source = ("-f", "lavfi", "-i", "testsrc2=size=640x360")
    subprocess.run([ffmpeg_program(), "-v", "error", *source, *outputs], check=True)
    return {name: path.read_bytes() for name, path in made.items()}


def test_whole_pictures_become_jpegs_and_jpegs_stay_as_they_are(
    pictures: dict[str, bytes],
) -> None:
    assert as_jpeg(pictures["jpg"], ffmpeg_program()) == pictures["jpg"]
    for name in ("png", "webp"):
        made = as_jpeg(pictures[name], ffmpeg_program())
        assert as_jpeg(made, ffmpeg_program()) == made


def test_a_complete_jpeg_is_accepted_without_starting_ffmpeg(pictures: dict[str, bytes]) -> None:
    assert as_jpeg(pictures["jpg"], "no such program") == pictures["jpg"]


def test_a_jpeg_is_checked_by_ffmpeg_where_there_is_no_decoder(
    pictures: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "jpeg_decoder", lambda: None)
    assert as_jpeg(pictures["jpg"], ffmpeg_program()) == pictures["jpg"]
    with pytest.raises(ContentError, match="cut short"):
        as_jpeg(pictures["jpg"][:-2000] + b"\xff\xd9", ffmpeg_program())


@pytest.mark.parametrize("name", ["jpg", "png", "webp"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95, 1.0])
def test_a_picture_cut_anywhere_is_refused(
    pictures: dict[str, bytes], name: str, share: float
) -> None:
    whole = pictures[name]
    cut = whole[: min(int(len(whole) * share), len(whole) - 2)]
    with pytest.raises(ContentError, match="cut short"):
        as_jpeg(cut, ffmpeg_program())
    if name == "jpg":
        with pytest.raises(ContentError, match="cut short"):
            as_jpeg(cut[:-1] + b"\xff\xd9" if share < 1 else cut, ffmpeg_program())


@pytest.mark.parametrize(
    "content", [b"", WEB_PAGE, VTT, b"sorry", b"<svg/>", b"RIFF\0\0\0\0WAVE", b"\xff\xd8\xff\xd9"]
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ContentError, match="YouTube sent"):
        as_jpeg(content, ffmpeg_program())


def test_formats_that_youtube_does_not_use_are_refused(pictures: dict[str, bytes]) -> None:
    with pytest.raises(ContentError, match="not an image"):
        as_jpeg(pictures["gif"], ffmpeg_program())


def test_files_named_in_a_picture_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    playlist = f"#EXTM3U\n#EXTINF:1,\nfile:{tmp_path / 'secret'}\n".encode()
    with pytest.raises(ContentError, match="not an image"):
        as_jpeg(playlist, ffmpeg_program())
