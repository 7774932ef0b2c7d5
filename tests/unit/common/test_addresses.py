"""Addresses as people paste them mean what their page shows, or are refused with the reason."""

import unicodedata
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytarchive.common.channel_lists import (
    channel_and_tab,
    is_newest_first,
    is_own_list,
    is_uploads,
)
from ytarchive.common.errors import InvalidIdentifier
from ytarchive.common.identifiers import (
    Source,
    parse_channel,
    parse_playlist_id,
    parse_source,
    parse_video_id,
)

ID = "dQw4w9WgXcQ"
WATCH = f"https://www.youtube.com/watch?v={ID}"
CHANNEL = "UC" + "x" * 21 + "w"
TAIL = CHANNEL[2:]
LIST = "PLabcdefghijklmnop"

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
WORDS = ["videoseries", "live_stream", "watch_popup", "attribution"]
video_ids = st.text(ALPHABET, min_size=11, max_size=11).filter(lambda text: text not in WORDS)

WRAPPERS = [
    "https://www.youtube.com/attribution_link?a=abc&u={relative}",
    "https://www.youtube.com/redirect?event=description&q={absolute}&v=AAAAAAAAAAA",
    "https://consent.youtube.com/m?continue={absolute}&gl=DE&m=0&pc=yt&hl=de&src=1",
    "https://consent.youtube.com/ml?continue={absolute}&gl=FR",
    "https://consent.google.com/m?continue={absolute}&gl=NL",
    "https://consent.google.de/ml?continue={absolute}",
    "https://www.google.com/url?sa=t&url={absolute}&usg=x",
    "https://www.google.co.uk/url?q={absolute}",
    "https://accounts.google.com/ServiceLogin?service=youtube&continue={absolute}",
    "https://www.youtube.com/signin?action_handle_signin=true&next={relative}",
    "https://www.youtube.com/oembed?format=json&url={absolute}",
    "https://www.youtube.com/verify_age?next_url={relative}",
    "https://l.facebook.com/l.php?u={absolute}&h=x",
    "https://m.youtube.com/#{plain}",
    "https://duckduckgo.com/l/?uddg={absolute}&rut=x",
    "https://out.reddit.com/t3_x?url={absolute}",
    "https://vk.com/away.php?to={absolute}",
    "https://eur01.safelinks.protection.outlook.com/?url={absolute}&data=x",
]


def wrapped(wrapper: str, path: str) -> str:
    absolute = f"https://www.youtube.com{path}"
    return wrapper.format(absolute=quote(absolute, ""), relative=quote(path, ""), plain=path)


@pytest.mark.parametrize(
    "address",
    [
        f"https://youtu.be/{ID}&t=90",
        f"https://youtu.be/{ID}?si=abc",
        f"https://youtu.be/{ID}&si=abc&t=1",
        f"{WATCH}?si=abc",
        f"{WATCH}&amp;t=5",
        f"https://www.youtube.com/watch?feature=player_embedded&amp;v={ID}",
        f"https://www.youtube.com/watch?feature=x&amp;amp;v={ID}",
        f"https://www.youtube.com/watch?feature=x&#38;v={ID}",
        f"https://www.youtube.com/watch\\?v\\={ID}\\&t\\=1",
        f"<{WATCH}>",
        f"<{WATCH}>,",
        f'"{WATCH}"',
        f"\u201c{WATCH}\u201d",
        f"\u201e{WATCH}\u201c",
        f"\u00ab{WATCH}\u00bb",
        f"{ID}?si=abc",
        f"{ID}&t=90",
        f"`{WATCH}`",
        f"({WATCH})",
        f"[a film]({WATCH})",
        f"\u200b{WATCH}\ufeff",
        f"https://www.youtube.com/watch?v={ID[:4]}\u200b{ID[4:]}",
        f"\u200e{ID}\u200f",
        f"{WATCH}\u00a0",
        f"{WATCH}).",
        f"{WATCH},",
        f"//www.youtube.com/watch?v={ID}",
        f"https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3D{ID}",
        f"https://www.youtube.com/watch/{ID}",
        f"https://www.youtube.com/watch/?v={ID}",
        f"https://www.youtube.com./watch?v={ID}",
        f"https://www.youtube.com/shorts/{ID}?feature=share",
        f"https://www.youtube.com/live/{ID}&t=3",
        f"https://www.youtube-nocookie.com/embed/{ID}?rel=0",
        f"https://youtube.googleapis.com/v/{ID}",
        f"https://i.ytimg.com/vi/{ID}/hqdefault.jpg",
        f"https://studio.youtube.com/video/{ID}/edit",
        f"https://www.youtubekids.com/watch?v={ID}",
        f"vnd.youtube:{ID}",
        f"vnd.youtube://{ID}",
        f"vnd.youtube://www.youtube.com/watch?v={ID}",
        f"{WATCH}&list={LIST}",
        f"https://www.youtube.com/watch#!v={ID}",
        f"https://www.youtube.com/tv#/watch?v={ID}",
        f"https://www.youtube.com/tv#/watch/video/control?v={ID}",
        f"https://www.youtube.com/user/films#p/u/1/{ID}",
        f"https://www.youtube.com/films#p/c/{LIST}/0/{ID}",
        f"HTTPS://WWW.YOUTUBE.COM/WATCH?V={ID}",
        f'[a film]({WATCH} "A title")',
        f"[a film](<{WATCH}>)",
        f"**{WATCH}**",
        f"*{WATCH}*",
        f"_{WATCH}_",
        f"||{WATCH}||",
        f"- {WATCH}",
        f"1. {WATCH}",
        f"URL: {WATCH}",
        f"[url]{WATCH}[/url]",
        f'<a href="{WATCH}">a film</a>',
        f'<iframe width="560" src="https://www.youtube.com/embed/{ID}?si=x" title="x"></iframe>',
        f"https%253A%252F%252Fwww.youtube.com%252Fwatch%253Fv%253D{ID}",
        f"https://www.youtube.com/watch%3Fv%3D{ID}",
        f"https://www.youtube.com/watch?feature=share%26v%3D{ID}",
        f"watch?v={ID}",
        f"/watch?v={ID}&t=3",
        f"/shorts/{ID}",
        f"{ID}#t=3",
        f"{ID},",
        f"https://i.ytimg.com/an_webp/{ID}/mqdefault_6s.webp",
    ],
)
def test_the_address_of_a_video_means_the_video(address: str) -> None:
    assert parse_video_id(address) == ID
    assert parse_source(address) == Source(ID, is_video=True)


def test_text_with_several_addresses_is_refused() -> None:
    for text in (f"{WATCH} https://youtu.be/AAAAAAAAAAA", f"- {WATCH}, {WATCH[:-1]}A"):
        with pytest.raises(InvalidIdentifier, match="several addresses"):
            parse_source(text)
    assert parse_video_id(f"[{WATCH}]({WATCH})") == ID


@pytest.mark.parametrize("word", ["PL", "PLAYER", "UU", "PUBLIC", "SPECIAL", "ECHO", "RD"])
def test_words_that_begin_like_playlists_are_no_playlists(word: str) -> None:
    for text in (word, f"https://www.youtube.com/playlist?list={word}"):
        with pytest.raises(InvalidIdentifier):
            parse_source(text)


@pytest.mark.parametrize("list_id", ["WL", "LL", "LM", "RDMM"])
def test_playlists_of_an_account_have_short_ids(list_id: str) -> None:
    assert parse_playlist_id(list_id) == list_id


@pytest.mark.parametrize("list_id", [LIST, "@films", CHANNEL])
def test_an_id_may_be_copied_with_parameters(list_id: str) -> None:
    assert parse_playlist_id(f"{list_id}?si=abc") == parse_playlist_id(list_id)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize(
    ("path", "parse", "meant"),
    [
        (f"/watch?v={ID}&feature=share", parse_video_id, ID),
        (f"/shorts/{ID}", parse_video_id, ID),
        (f"/playlist?list={LIST}", parse_playlist_id, LIST),
        ("/@films/videos", parse_playlist_id, "@films:videos"),
    ],
)
def test_a_wrapper_means_what_is_in_it(
    wrapper: str, path: str, parse: Callable[[str], str], meant: str
) -> None:
    assert parse(wrapped(wrapper, path)) == meant


def test_wrappers_are_parsed_to_a_limit_and_never_to_another_site() -> None:
    inner = WATCH
    for _ in range(3):
        inner = f"https://www.youtube.com/redirect?q={quote(inner, '')}"
    assert parse_video_id(inner) == ID
    for _ in range(3):
        inner = f"https://www.youtube.com/redirect?q={quote(inner, '')}"
    for address in (
        inner,
        f"https://www.youtube.com/redirect?q={quote(f'https://evil.example/watch?v={ID}', '')}",
        f"https://evil.example/url?q={quote(WATCH, '')}",
        f"https://google.com.evil.example/url?q={quote(WATCH, '')}",
    ):
        with pytest.raises(InvalidIdentifier):
            parse_source(address)


@pytest.mark.parametrize(
    "address",
    [
        f"https://www.youtube.com/embed/videoseries?list={LIST}",
        f"https://www.youtube.com/embed/videoseries/?si=x&amp;list={LIST}",
        f"https://www.youtube-nocookie.com/embed?listType=playlist&list={LIST}",
        f"https://www.youtube.com/playlist?list={LIST}&si=abc",
        f"https://www.youtube.com/playlist?list={LIST}?si=abc",
        f"https://www.youtube.com/watch?v=&list={LIST}",
        f"https://www.youtube.com/watch?v=videoseries&list={LIST}",
        f"https://music.youtube.com/browse/VL{LIST}",
        f"https://youtu.be/?list={LIST}",
        f"<https://m.youtube.com/playlist?list={LIST}>",
        f"https://www.youtube.com/view_play_list?p={LIST}",
        f"https://www.youtube.com/feeds/videos.xml?playlist_id={LIST}",
        f"https://www.youtube.com/playlist%3Flist%3D{LIST}",
    ],
)
def test_the_address_of_a_playlist_means_the_playlist(address: str) -> None:
    assert parse_playlist_id(address) == LIST
    assert parse_source(address) == Source(LIST, is_video=False)


@pytest.mark.parametrize("list_id", ["PLabcdefghijk", "PL0123456789-", "PLabcdefghi"])
def test_short_playlist_ids_are_playlists(list_id: str) -> None:
    """`PL` and 11 characters since June 2026; one of 11 altogether may be a video's id as well."""
    address = f"https://www.youtube.com/playlist?list={list_id}"
    assert parse_playlist_id(list_id) == parse_playlist_id(address) == list_id
    assert parse_source(address) == Source(list_id, is_video=False)
    assert parse_source(list_id) == Source(list_id, is_video=len(list_id) == 11)


@pytest.mark.parametrize("tab", ["videos", "shorts", "streams"])
@pytest.mark.parametrize("rest", ["", "/", "?view=0&sort=dd", "&t=3"])
def test_a_tab_of_a_channel_means_its_list(tab: str, rest: str) -> None:
    prefix = {"videos": "UULF", "shorts": "UUSH", "streams": "UULV"}[tab]
    by_id = parse_playlist_id(f"https://www.youtube.com/channel/{CHANNEL}/{tab}{rest}")
    assert by_id == f"{prefix}{TAIL}"
    for path, name in (("@Films", "@Films"), ("c/Films", "c:Films"), ("user/Films", "user:Films")):
        address = f"https://www.youtube.com/{path}/{tab}{rest}"
        assert parse_playlist_id(address) == f"{name}:{tab}"
        assert parse_playlist_id(f"{name}:{tab}") == f"{name}:{tab}"
        assert channel_and_tab(f"{name}:{tab}") == (name, tab)
        assert parse_channel(address) == name
    assert parse_playlist_id(f"@Films/{tab}{rest}") == f"@Films:{tab}"


@pytest.mark.parametrize("rest", ["", "/", "/featured", "?sub_confirmation=1", "&t=3"])
def test_a_channel_without_a_tab_means_all_its_uploads(rest: str) -> None:
    assert parse_playlist_id(f"https://www.youtube.com/@Films{rest}") == "@Films"
    assert parse_playlist_id(f"youtube.com/channel/{CHANNEL}{rest}") == CHANNEL
    assert parse_playlist_id(f"channel/{CHANNEL}{rest}") == CHANNEL
    assert channel_and_tab("@Films") == ("@Films", "")


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("https://youtube.com/@Films,", "@Films"),
        ("https://youtube.com/@Films)", "@Films"),
        ("https://youtube.com/@Films/shorts.", "@Films:shorts"),
        ("https://youtube.com/@Films/shorts).", "@Films:shorts"),
        ("https://www.youtube.com/@Films%2Fshorts", "@Films:shorts"),
        ("**@Films/streams**", "@Films:streams"),
        ("/@Films/videos", "@Films:videos"),
        (f"{CHANNEL}/shorts", f"UUSH{TAIL}"),
        (f"https://www.youtube.com/channel/{CHANNEL}.", CHANNEL),
        (f"https://www.youtube.com/feeds/videos.xml?channel_id={CHANNEL}", CHANNEL),
        ("https://www.youtube.com/feeds/videos.xml?user=films", "user:films"),
    ],
)
def test_a_channel_is_understood_in_other_text(address: str, meant: str) -> None:
    assert parse_source(address) == Source(meant, is_video=False)


@pytest.mark.parametrize("channel", ["@Films", f"channel/{CHANNEL}", "c/Films", "user/films"])
@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("live", "current live stream"),
        ("playlists", "each playlist"),
        ("podcasts", "each playlist"),
        ("search?query=nothing", "a search"),
        ("community", "no list of videos"),
        ("posts", "no list of videos"),
        ("about", "no list of videos"),
        ("store", "no list of videos"),
        ("channels", "no list of videos"),
        ("membership", "no list of videos"),
        ("anythingnew", "no list of videos"),
    ],
)
def test_other_pages_of_a_channel_are_refused_with_the_reason(
    channel: str, page: str, reason: str
) -> None:
    with pytest.raises(InvalidIdentifier, match=reason):
        parse_source(f"https://www.youtube.com/{channel}/{page}")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://www.youtube.com/SomeChannel", "such as @SomeChannel"),
        ("https://www.youtube.com/SomeChannel/videos", "such as @SomeChannel"),
        (f"https://www.youtube.com/embed/live_stream?channel={CHANNEL}", "current live stream"),
        ("https://www.youtube.com/embed/videoseries", "no list of videos"),
        ("https://www.youtube.com/results?search_query=films", "a search"),
        ("https://www.youtube.com/feed/history", "no list of videos"),
        (f"https://www.youtube.com/show/SC{TAIL}", "it lists playlists"),
        ("https://www.youtube.com/show/films?season=1", "it lists playlists"),
        ("https://www.youtube.com/shows", "no list of videos"),
        (f"https://www.youtube.com/source/{ID}/shorts", "no list of videos"),
        ("https://www.youtube.com/t/terms", "no list of videos"),
        (f"https://www.youtube.com/watch_videos?video_ids={ID}", "give the URL of each video"),
        ("https://www.youtube.com/clip/UgkxAbCdEfGhIjKlMnOp", "a clip"),
        ("https://www.youtube.com/post/UgkxAbCdEfGhIjKlMnOp", "no list of videos"),
        ("https://www.youtube.com/hashtag/films", "no list of videos"),
        ("https://www.youtube.com/", "no list of videos"),
        ("https://www.youtube.com/shorts/", "no list of videos"),
        ("https://www.youtube.com/watch?v=live_stream", "not a video's id"),
        ("https://www.youtube.com/watch?v=short", "'short' is not a video's id"),
        ("https://youtu.be/dQw4w9WgXcQQ", "not a video's id"),
    ],
)
def test_other_pages_are_refused_with_the_reason(address: str, reason: str) -> None:
    with pytest.raises(InvalidIdentifier, match=reason):
        parse_source(address)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("form", ["{}", "https://www.youtube.com/embed/{}", "https://youtu.be/{}"])
def test_words_of_eleven_characters_are_no_ids(word: str, form: str) -> None:
    with pytest.raises(InvalidIdentifier):
        parse_video_id(form.format(word))


HANDLES = [
    *("@ตัวอย่างภาษาไทย", "@हिन्दीउदाहरण", "@தமிழ்எடுத்துக்காட்டு"),
    *("@مثال", "@Café", "@Ångström-1", "@한국어"),
]


@pytest.mark.parametrize("handle", HANDLES)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_handles_of_every_script_are_one_channel_in_each_unicode_form(
    handle: str, form: str
) -> None:
    written = unicodedata.normalize(form, handle)  # type: ignore[arg-type]  # both are forms
    composed = unicodedata.normalize("NFC", handle)
    assert parse_channel(written) == parse_playlist_id(written) == composed
    assert parse_channel(f"https://www.youtube.com/{quote(written)}") == composed
    assert parse_playlist_id(f"https://youtube.com/{written}/shorts") == f"{composed}:shorts"
    assert parse_source(f"\u200b{written}") == Source(composed, is_video=False)


@pytest.mark.parametrize("text", ["@", "@a b", "@a\x00b", "@a:b", "@..", "@../x", "@a\n@b"])
def test_text_that_is_no_handle_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        parse_channel(text)


@given(video_ids, st.sampled_from(["<{}>", " {} ", "'{}'", "\u200b{}", "{}?si=x", "{}&t=9"]))
def test_addresses_of_every_id_are_parsed_in_every_form(video_id: str, form: str) -> None:
    assert parse_video_id(form.format(f"https://youtu.be/{video_id}")) == video_id


@pytest.mark.parametrize(
    ("prefix", "newest_first", "uploads"),
    [
        ("UU", True, True),
        ("UULF", True, False),
        ("UUSH", True, False),
        ("UULV", True, False),
        ("UULP", False, False),
        ("UUPS", False, False),
        ("UUPV", False, False),
        ("UUMO", False, False),
    ],
)
def test_only_lists_that_begin_with_the_newest_are_known_as_such(
    prefix: str, newest_first: bool, uploads: bool
) -> None:
    """A channel's id may itself begin with any letters: `UU` + `LP...` are its uploads."""
    assert is_newest_first(prefix + TAIL) is newest_first
    assert is_uploads(prefix + TAIL) is uploads
    assert is_own_list(prefix + TAIL)
    assert is_uploads(f"UULP{TAIL[:-2]}")
    assert not is_own_list(f"PL{TAIL}")
