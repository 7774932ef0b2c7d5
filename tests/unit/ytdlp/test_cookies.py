"""A cookies file that cannot be used is refused in one sentence, without any cookie's value."""

import codecs
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ytarchive.common.config import load_settings
from ytarchive.common.errors import CookiesInvalid
from ytarchive.ytdlp.cookies import cookies_report, require_cookies
from ytarchive.ytdlp.worker_config import prepare

HEADER = b"# Netscape HTTP Cookie File\n"
COOKIE = b".youtube.com\tTRUE\t/\tTRUE\t4102444800\tLOGIN_INFO\tsecret-value\n"

UNUSABLE = {
    "a UTF-8 byte order mark": (codecs.BOM_UTF8 + HEADER + COOKIE, "byte order mark"),
    "UTF-16": ((HEADER + COOKIE).decode().encode("utf-16"), "byte order mark"),
    "nothing": (b"", "empty"),
    "blank lines": (b"\n  \n", "empty"),
    "comments alone": (HEADER + b"# one\n", "no cookies"),
    "a JSON list": (b'[{"name": "LOGIN_INFO", "value": "secret-value"}]', "JSON"),
    "a JSON object": (b' {"cookies": [{"value": "secret-value"}]}', "JSON"),
    "spaces": (HEADER + COOKIE.replace(b"\t", b"    "), "spaces"),
    "semicolons": (HEADER + COOKIE.replace(b"\t", b";"), "by semicolons"),
    "commas": (HEADER + COOKIE.replace(b"\t", b","), "by commas"),
    "fields too few": (HEADER + b".youtube.com\tsecret-value\n", "Netscape"),
    "a web page": (b"<html><body>secret-value</body></html>", "Netscape"),
    "no header": (COOKIE, "does not begin with"),
    "another site": (HEADER + COOKIE.replace(b".youtube.com", b".notyoutube.com"), "no cookie for"),
    "a date as expiry": (HEADER + COOKIE.replace(b"4102444800", b"2100-01-01"), "no cookie for"),
    "expired cookies alone": (
        HEADER + COOKIE.replace(b"4102444800", b"1700000000") + COOKIE.replace(b".you", b".notyou"),
        "only expired cookies for youtube.com",
    ),
    "not UTF-8": (HEADER + COOKIE.replace(b"secret", b"\xff\xfe"), "not UTF-8"),
}


@pytest.mark.parametrize(("content", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_cookies_file_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "cookies.txt"
    file.write_bytes(content)
    for refusing in (require_cookies, cookies_report):
        with pytest.raises(CookiesInvalid, match=said) as refused:
            refusing(file)
        assert "secret-value" not in str(refused.value)
        assert "\n" not in str(refused.value)
    settings = load_settings(
        storage={"base_path": str(tmp_path / "archive")}, network={"cookies_file": str(file)}
    )
    with pytest.raises(CookiesInvalid, match=said):
        prepare(settings)


@pytest.mark.parametrize(
    "content",
    [
        HEADER + COOKIE,
        b"# HTTP Cookie File\n\n" + COOKIE,
        HEADER + b"#HttpOnly_" + COOKIE,
        (HEADER + COOKIE).replace(b"\n", b"\r\n"),
        HEADER + COOKIE.replace(b"4102444800", b"1700000000").replace(b"LOGIN_INFO", b"X") + COOKIE,
    ],
)
def test_a_usable_cookies_file_is_accepted(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "cookies.txt"
    file.write_bytes(content)
    settings = load_settings(
        storage={"base_path": str(tmp_path / "archive")}, network={"cookies_file": str(file)}
    )
    assert prepare(settings).cookies_file == file
    assert cookies_report(file).expires_at == datetime(2100, 1, 1, tzinfo=UTC)


def test_a_folder_in_place_of_the_cookies_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CookiesInvalid, match="cannot be read: it is a folder"):
        require_cookies(tmp_path)
