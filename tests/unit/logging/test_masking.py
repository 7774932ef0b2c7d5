import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ytarchive.common.config import load_settings
from ytarchive.logging import masking, records
from ytarchive.logging.api import LogEntry
from ytarchive.logging.masking import mask, mask_value, register_secret, register_secrets
from ytarchive.logging.records import line_of, masked

SECRET = "s3cr3t-V4lue"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://www.googleapis.com/youtube/v3/videos?key={SECRET}&id=abc",
        f"X-Goog-Api-Key: {SECRET}",
        f"{{'X-Goog-Api-Key': '{SECRET}', 'Accept': '*/*'}}",
        f"Authorization: Bearer {SECRET}",
        f"authorization=SAPISIDHASH {SECRET}",
        f"sent Bearer {SECRET}",
        f"Cookie: PREF=tz; SID={SECRET}",
        f"Set-Cookie: anything={SECRET}; Path=/",
        f"jar holds LOGIN_INFO={SECRET}",
        f"jar holds __Secure-3PSID={SECRET}; and more",
        f".youtube.com\tTRUE\t/\tTRUE\t1893456000\tSAPISID\t{SECRET}",
        f"proxy http://user:{SECRET}@proxy.example:3128 refused",
        f"socks5h://u:{SECRET}@10.0.0.1",
        f'{{"access_token": "{SECRET}"}}',
        f"api_key={SECRET}",
        f"--password={SECRET}",
        f"Authorization: abc{SECRET} failed",
        f"Authorization: abc {SECRET} and {SECRET}",
        f"Proxy-Authorization: Basic {SECRET}",
        f"{{'Authorization': 'Digest {SECRET}'}}",
        f'{{\\"password\\": \\"{SECRET}\\"}}',
        f'{{\\"Authorization\\": \\"Bearer {SECRET}\\"}}',
        f'{{\\\\\\"token\\\\\\":\\\\\\"{SECRET}\\\\\\"}}',
        f'{{\\"cookie\\": \\"a={SECRET}\\"}}',
        f'{{"password": "two words and \\"quotes\\" {SECRET}"}}',
        f"{{'password': 'it\\'s {SECRET}'}}",
        f"cookies: {{'SID': '{SECRET}'}}",
        f"http://{SECRET}@proxy.example:3128",
        f"http://user:p@ss{SECRET}@proxy.example:3128",
        f"/videos?id=x&key={SECRET}#top",
    ],
)
def test_secrets_are_found_by_their_context(text: str) -> None:
    assert SECRET not in mask(text)
    assert masking.MASK in mask(text)


def test_keys_and_tokens_of_google_are_found_anywhere() -> None:
    assert mask("tried AIza" + "B" * 35 + " once") == "tried *** once"
    assert mask("tried ya29.abc-DEF once") == "tried *** once"


@pytest.mark.parametrize(
    "text",
    [
        "dQw4w9WgXcQ: stored 4 files, 1234567 bytes",
        "listening on http://127.0.0.1:8000/api/v1",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PL0123456789",
        "the key of the Data API is not set; yt-dlp is asked instead",
        "the cookies file /home/me/cookies.txt has expired",
        "monkey=banana: a title with a sign in it",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


def test_fields_with_secret_names_are_masked_at_any_depth() -> None:
    context = {"request": [{"headers": {"Cookie": "a=b", "Accept": "*/*"}, "api_key": SECRET}]}
    assert mask_value(context) == {
        "request": [{"headers": {"Cookie": "***", "Accept": "*/*"}, "api_key": "***"}]
    }


def test_registered_secrets_are_masked_wherever_and_however_they_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(masking, "_registered", ())
    register_secret('pa"ss/word')
    register_secret("abc")  # too short to be distinguished from ordinary text
    assert mask('with pa"ss/word and pa%22ss%2Fword: abc') == "with *** and ***: abc"
    entry = LogEntry(service="jobs", message='pa"ss/word', context={"a": ['pa"ss/word']})
    (clean,) = masked([entry])
    assert json.loads(line_of(clean))["context"] == {"a": ["***"]}
    assert clean.message == "***"


def test_everything_secret_in_the_settings_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_registered", ())
    register_secrets(
        load_settings(
            server={"token": "server-token"},
            network={"proxy": "http://me:pa%24%24word@proxy.example:3128"},
            youtube={
                "api_key": "data-api-key",
                "po_tokens": ["web.gvs+proof-of-origin"],
                "visitor_data": "visitor-data",
                "data_sync_id": "sync-identity",
            },
        )
    )
    for secret in (
        "server-token", "pa%24%24word", "pa$$word", "data-api-key", "web.gvs+proof-of-origin",
        "proof-of-origin", "visitor-data", "sync-identity",
    ):  # fmt: skip
        assert mask(f"saw {secret} there") == "saw *** there"


GIVEN = [
    f"{name}{sign}{SECRET}"
    for name in ("Authorization", "cookie", "SID", "LOGIN_INFO", "__Secure-a", "key", "passwd",
                 "secret", "ID_TOKEN", "\u212aEY")
    for sign in ("=", ": ", '": "', ":\\'")
]  # fmt: skip
GIVEN += [f"a://{SECRET}@", f"bearer {SECRET}", "AIza" + "x" * 35, "ya29.a", "\t/\tTRUE\t1\ta\t"]
PIECES = ["=", '"', "'", "\\", "\n", "@", " ", "word", 'pa"ss/w\u00f6rd', *masking._SIGNS]
TEXTS = st.lists(st.sampled_from(GIVEN + PIECES) | st.characters(codec="utf-8"), max_size=5).map(
    "".join
)
VALUES = st.recursive(
    TEXTS | st.none() | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
ENTRIES = st.builds(
    LogEntry,
    service=st.just("jobs"),
    message=TEXTS,
    context=st.dictionaries(TEXTS, VALUES, max_size=2),
)


@given(st.lists(ENTRIES, max_size=4))
@settings(max_examples=300, deadline=None, database=None)
def test_the_quick_search_misses_no_secret(entries: list[LogEntry]) -> None:
    """Masking a batch finds the same as the patterns in every single text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masking, "_registered", ())
        register_secret('pa"ss/w\u00f6rd')
        found = masked(entries)
        patch.setattr(masking, "may_hold_secret", lambda _: True)
        assert found == [records._masked(entry) for entry in entries]


def test_every_text_is_masked_quickly() -> None:
    """Hostile titles occur in messages; no pattern may backtrack over them."""
    hostile = ["a." * 32_000 + "://", "cookie" * 10_000, "://a:" * 12_000, "\tTRUE\t" * 10_000]
    hostile += ["authorization" + " " * 60_000, "__Secure-" * 7_000, "key" + '"' * 60_000]
    hostile += ["token" + "\\" * 60_000, 'token=\\"' + "\\" * 60_000, 'password: \\"a' * 8_000]
    hostile += ['authorization: "' + "\\" * 60_000, "cookie='" * 9_000, "https://" + "@" * 60_000]
    hostile += ["secret=" + "[" * 60_000, "secret:" + " " * 60_000, "a://" * 16_000]
    program = "import json, sys; from ytarchive.logging.masking import mask\n"
    program += "print(sum(len(mask(text)) > 0 for text in json.load(sys.stdin)))"
    command = [sys.executable, "-c", program]
    # All take less than a second; a pattern that backtracks needs hours.
    done = subprocess.run(
        command, input=json.dumps(hostile), capture_output=True, text=True, check=True, timeout=120
    )
    assert int(done.stdout) == len(hostile)
