"""Media types and names of served files."""

from pathlib import Path

import pytest

from ytarchive.common.archived_files import Role
from ytarchive.storage.content.service import UNKNOWN, media_type, safe_name
from ytarchive.storage.store.layout import MEDIA_TYPES, parsed


def test_role_of_a_file_agrees_with_its_media_type() -> None:
    kinds = {"video": Role.MEDIA, "audio": Role.MEDIA, "image": Role.THUMBNAIL}
    for suffix, type_ in MEDIA_TYPES.items():
        expected = kinds.get(type_.split("/")[0], Role.CAPTIONS)
        expected = Role.DESCRIPTION if type_.startswith("text/plain") else expected
        assert parsed(f"x{suffix}").role is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.MP4", "video/mp4"),
        ("a.en.vtt", "text/vtt; charset=utf-8"),
        ("a.live_chat.json", "application/json"),
        ("a.description", "text/plain; charset=utf-8"),
        ("checksums.sha256", "text/plain; charset=utf-8"),
        ("a.html", UNKNOWN),
        ("a.svg", UNKNOWN),
        ("a", UNKNOWN),
    ],
)
def test_media_type_follows_from_the_suffix_alone(name: str, expected: str) -> None:
    assert media_type(Path(name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dQw4w9WgXcQ.mp4", "dQw4w9WgXcQ.mp4"),
        ("Größe 東京.mp4", "Größe 東京.mp4"),
        ('a"b\\c:d*e?f<g>h|i.mp4', "a_b_c_d_e_f_g_h_i.mp4"),
        ("a\r\nb\tc\x7f\u202e.mp4", "a__b_c__.mp4"),
        ("M\udcfcnchen.mp4", "M_xfcnchen.mp4"),
    ],
)
def test_names_are_made_safe(name: str, expected: str) -> None:
    assert safe_name(Path("/archive") / name) == expected
