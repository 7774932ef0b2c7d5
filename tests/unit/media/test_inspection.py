"""The facts read from a media file, and the files that are refused."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.standin.media import ffmpeg_program
from tests.unit.ytdlp.formats import lasting
from ytarchive.common.errors import IntegrityFailure
from ytarchive.media import PICTURE as PICTURE_STREAM
from ytarchive.media import SOUND as SOUND_STREAM
from ytarchive.media import check_media, header_of, require_playable

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440")
BOTH = {"vcodec": "avc1.4d", "acodec": "mp4a.40.2"}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of eight seconds, but a long one; of `short`, the picture has two."""
    folder = tmp_path_factory.mktemp("media")
    wanted = {
        "both.mp4": [*PICTURE, *SOUND, "-t", "8"],
        "fragments.mp4": [*PICTURE, *SOUND, "-t", "8", "-movflags", "frag_keyframe+empty_moov"],
        "sound.m4a": [*SOUND, "-t", "8"],
        "both.webm": [*PICTURE, *SOUND, "-t", "8", "-c:v", "libvpx", "-c:a", "libopus"],
        "long.m4a": [*SOUND, "-t", "100"],
        "short.mp4": ["-t", "2", *PICTURE, "-t", "8", *SOUND],
    }
    for name, arguments in wanted.items():
        command = [ffmpeg_program(), "-nostdin", "-v", "error", *arguments, str(folder / name)]
        subprocess.run(command, check=True)
    return {path.name: path for path in folder.iterdir()}


def judge(path: Path, **info: Any) -> str:
    """The problem of a file; empty if there is none."""
    try:
        noted = check_media(path, BOTH | {"duration": 8} | info, ffmpeg_program())
        assert not noted
    except IntegrityFailure as error:
        return error.message
    return ""


@pytest.mark.parametrize("name", ["both.mp4", "fragments.mp4", "both.webm"])
def test_a_complete_file_is_accepted(media: dict[str, Path], name: str) -> None:
    assert judge(media[name]) == ""
    assert "plays 8 of 60 seconds" in judge(media[name], duration=60)
    assert judge(media[name], duration=None) == ""
    assert judge(media[name], duration=10.5) == ""  # three seconds are a matter of rounding


@pytest.mark.parametrize("name", ["both.mp4", "fragments.mp4"])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(
    media: dict[str, Path], tmp_path: Path, name: str, share: float
) -> None:
    whole = media[name].read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: int(len(whole) * share)])
    assert judge(cut, duration=20)


def test_every_requested_stream_must_be_present(media: dict[str, Path]) -> None:
    assert judge(media["sound.m4a"]) == "the file has no video"
    assert judge(media["sound.m4a"], vcodec="none") == ""
    formats = [{"vcodec": "avc1", "acodec": "none"}, {"vcodec": "none", "acodec": "mp4a"}]
    assert judge(media["sound.m4a"], requested_formats=formats) == "the file has no video"


def test_a_short_stream_is_accepted_only_if_its_bytes_were_counted(media: dict[str, Path]) -> None:
    assert "plays 2 of 8 seconds" in judge(media["short.mp4"])
    assert judge(media["short.mp4"], filesize=media["short.mp4"].stat().st_size) == ""


def test_header_of_an_mp4_is_read_without_ffmpeg_and_says_the_same(media: dict[str, Path]) -> None:
    for name, program in (("both.mp4", None), ("fragments.mp4", ffmpeg_program()),
                          ("both.webm", ffmpeg_program())):  # fmt: skip
        header = header_of(media[name], program)
        assert header.kinds == {PICTURE_STREAM, SOUND_STREAM}
        assert header.picture == (64, 64)
        assert header.seconds == pytest.approx(8, abs=0.3)
    assert header_of(media["sound.m4a"], None).picture is None
    assert header_of(media["short.mp4"], None).seconds == pytest.approx(8, abs=0.1)


PIECES = [{"vcodec": "avc1", "acodec": "none"}, {"vcodec": "none", "acodec": "mp4a"}]


@pytest.mark.parametrize("announced", [1, 60, 100_000])
@pytest.mark.parametrize("name", ["both.mp4", "fragments.mp4", "both.webm"])
def test_length_of_streams_and_file_is_trusted_and_the_difference_noted(
    media: dict[str, Path], name: str, announced: int
) -> None:
    chosen = [lasting(each, 8) for each in PIECES]
    info = BOTH | {"duration": announced, "requested_formats": chosen, "formats": chosen}
    assert check_media(media[name], info, ffmpeg_program()) == [
        f"plays 8 seconds; YouTube announces {announced}"
    ]


@pytest.mark.parametrize(
    ("lengths", "others"), [((60, 60), ()), ((8, 60), ()), ((8, 8), (60, 60, 60)), ((30, 30), ())]
)
def test_length_on_which_streams_and_file_disagree_is_refused(
    media: dict[str, Path], lengths: tuple[int, int], others: tuple[int, ...]
) -> None:
    chosen = [lasting(each, length) for each, length in zip(PIECES, lengths, strict=True)]
    formats = [*chosen, *(lasting(PIECES[0], length) for length in others)]
    given = {"duration": 60, "requested_formats": chosen, "formats": formats}
    assert "plays 8 of 60 seconds" in judge(media["both.mp4"], **given)


@pytest.mark.parametrize(("size", "is_accepted"), [(1, True), (None, False)])
def test_streams_of_unstated_length_are_accepted_if_their_bytes_were_counted(
    media: dict[str, Path], size: int | None, is_accepted: bool
) -> None:
    chosen = [each | {"filesize": size} for each in PIECES]
    info = BOTH | {"duration": 60, "requested_formats": chosen}
    if is_accepted:
        assert check_media(media["both.mp4"], info, ffmpeg_program())
    else:
        assert judge(media["both.mp4"], **info)


def test_a_recording_of_a_live_stream_may_differ_more(media: dict[str, Path]) -> None:
    sound = {"vcodec": "none", "duration": 107}
    assert "plays 100 of 107 seconds" in judge(media["long.m4a"], **sound)
    assert judge(media["long.m4a"], was_live=True, **sound) == ""
    assert judge(media["long.m4a"], was_live=True, vcodec="none", duration=150)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"\0\0\0\x18ftypmp42" + bytes(12),
        b"\0\0\0\x08ftyp\0\0\0\x10moov\0\0\0\x40trak",
        b"\0\0\0\x08ftyp\0\0\0\x01moov" + b"\xff" * 8,
        b"\0\0\0\x08ftyp\0\0\0\x03moov",
    ],
)
def test_only_files_that_are_no_media_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    assert judge(path)


def is_playable(path: Path) -> bool:
    try:
        require_playable(path, ffmpeg_program())
    except IntegrityFailure:
        return False
    return True


@pytest.mark.parametrize("name", ["both.mp4", "fragments.mp4", "sound.m4a", "both.webm"])
def test_any_playable_file_is_accepted(media: dict[str, Path], name: str) -> None:
    assert is_playable(media[name])


@pytest.mark.parametrize("content", [b"x", b"ab", b"<html>no video</html>" * 99])
def test_a_file_that_is_no_media_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    assert not is_playable(tmp_path / "x.mp4")
