"""The stand-in YouTube answers the unmodified yt-dlp, and clients of the Data API."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from tests.standin import (
    HOSTILE_TITLES,
    Behaviour,
    Catalogue,
    Fault,
    MediaSpec,
    StandIn,
    StandInProcess,
    VideoState,
)
from tests.standin.api_errors import API_ERRORS
from tests.standin.clients import API, client_of, decode, yt_dlp
from tests.standin.innertube import CLIENTS
from tests.standin.media import ffmpeg_program
from tests.standin.scenarios import states

WATCH = "https://www.youtube.com/watch?v="
PLAYLIST = "https://www.youtube.com/playlist?list="

SAID = {
    "private": "Private video",
    "deleted": "Video unavailable. This video has been removed by the uploader",
    "account_terminated": "account associated with this video has been terminated",
    "account_closed": "closed their YouTube account",
    "copyright_claim": "copyright claim",
    "guidelines": "removed for violating YouTube's Community Guidelines",
    "terms": "Terms of Service",
    "members_only": "Join this channel to get access to members-only content",
    "members_level": "available to this channel's members on level",
    "age_gated": "Sign in to confirm your age. This video may be inappropriate for some users",
    "geo_blocked": "The uploader has not made this video available in your country",
    "copyright_country": "who has blocked it in your country on copyright grounds",
    "paid": "This video requires payment",
    "premium": "Music Premium members",
    "upcoming": "Premieres in 2 hours",
    "upcoming_live": "This live event will begin in 2 hours",
    "processing": "We're processing this video",
    "no_recording": "This live stream recording is not available",
    "drm": "This video is DRM protected",
    "unavailable": "Video unavailable\n",
    "not_available": "This video is not available\n",
    "rate_limited": "Video unavailable. This content isn\u2019t available, try again later.\n",
    "rate_limited_plain": "has been rate-limited by YouTube",
    "bot_check": "Sign in to confirm you\u2019re not a bot",
    "captcha": "captcha challenge before playback",
    "ip_blocked": "Your IP is likely being blocked",
    "no_formats": "No video formats found",
    "reload": "The page needs to be reloaded",
    "not_on_app": "not available on this app",
    "old_client": "no longer supported in this application or device",
    "content_warning": "self-harm topics. Viewer discretion is advised",
    "unheard_of": "This video is resting. Nobody has read this before",
}
"""yt-dlp's messages about each state."""


async def test_yt_dlp_downloads_a_playable_video_with_everything(tmp_path: Path) -> None:
    catalogue = Catalogue()
    video = catalogue.add_video("Film", likes=1234, chapters=((0, "One"), (1, "Two"), (2, "3rd")))
    async with StandIn(catalogue) as youtube:
        outcome = await yt_dlp(
            youtube,
            *("-f", "bv[height<=720]+ba", "-o", "%(id)s.%(ext)s", "--write-info-json"),
            *("--write-subs", "--write-thumbnail", "--ffmpeg-location", ffmpeg_program()),
            WATCH + video.id,
            folder=tmp_path,
        )
        asked = youtube.requests
    assert "ERROR" not in outcome.err
    info = json.loads((tmp_path / f"{video.id}.info.json").read_text())
    assert (info["title"], info["height"], info["like_count"]) == ("Film", 720, 1234)
    assert (info["availability"], info["upload_date"]) == ("public", "20240101")
    assert [chapter["title"] for chapter in info["chapters"]] == ["One", "Two", "3rd"]
    assert (tmp_path / f"{video.id}.en.vtt").read_text().startswith("WEBVTT")
    assert (tmp_path / f"{video.id}.jpg").stat().st_size > 1000
    assert await decode(tmp_path / f"{video.id}.mp4") == ""
    assert asked.of_kind("thumbnail")[-1].status == 200
    media = asked.of_kind("media", video.id)
    assert all(entry.status == 206 and entry.finished for entry in media)


async def test_yt_dlp_lists_a_playlist_of_250_and_a_channel() -> None:
    catalogue = Catalogue()
    playlist = catalogue.playlist_of(250, private=2, deleted=3)
    catalogue.append(playlist.id, [playlist.video_ids[0]])
    channel = playlist.channel
    async with StandIn(catalogue) as youtube:
        urls = PLAYLIST + playlist.id, f"https://www.youtube.com/{channel.handle}"
        outcome = await yt_dlp(youtube, "--flat-playlist", "-J", *urls)
    listed, uploads = map(json.loads, outcome.out.splitlines())
    assert [entry["id"] for entry in listed["entries"]] == playlist.video_ids
    titles = [entry["title"] for entry in listed["entries"]]
    assert titles.count("[Private video]") == 2
    assert titles.count("[Deleted video]") == 3
    assert len(uploads["entries"]) == 245
    assert (uploads["channel_id"], uploads["uploader_id"]) == (channel.id, channel.handle)


async def test_every_state_is_reported_in_youtubes_words() -> None:
    catalogue = Catalogue()
    ids = states(catalogue)
    async with StandIn(catalogue) as youtube:
        urls = [WATCH + ids[state] for state in SAID]
        outcome = await yt_dlp(youtube, "-s", *urls)
    errors = {state: _error_about(ids[state], outcome.err) for state in SAID}
    assert {state: said for state, said in errors.items() if SAID[state] not in said} == {}


def _error_about(video_id: str, printed: str) -> str:
    marked = f"ERROR: [youtube] {video_id}: "
    return next((line for line in printed.splitlines(keepends=True) if marked in line), "")


@pytest.mark.parametrize("name", ["tv_samsung", "visionos", "web", "web_embedded", "tv"])
async def test_each_client_of_yt_dlp_gets_the_formats_of_that_client(name: str) -> None:
    catalogue = Catalogue()
    video = catalogue.add_video("Film", itags=(136, 140))
    async with StandIn(catalogue) as youtube:
        only = f"youtube:player_client={name}"
        listed = ("-j", "--ignore-no-formats-error", "--extractor-args", only)
        outcome = await yt_dlp(youtube, *listed, WATCH + video.id)
        clients = {entry.client for entry in youtube.requests.of_kind("player")} or {"WEB"}
    info = json.loads(outcome.out)
    [client] = clients
    assert info["title"] == "Film"
    assert bool(info.get("formats")) is CLIENTS[client].direct


async def test_all_clients_that_this_yt_dlp_uses_by_default_are_known() -> None:
    catalogue = Catalogue()
    video = catalogue.add_video()
    async with StandIn(catalogue) as youtube:
        await yt_dlp(youtube, "-s", WATCH + video.id)
        asked = {entry.client for entry in youtube.requests.of_kind("player")}
    assert asked <= CLIENTS.keys()


async def test_a_video_for_kids_is_offered_to_allowed_clients() -> None:
    catalogue = Catalogue()
    video = catalogue.add_video("For kids", made_for_kids=True)
    async with StandIn(catalogue) as youtube:
        only = ("--extractor-args", "youtube:player_client=visionos")
        outcome = await yt_dlp(youtube, "-j", *only, WATCH + video.id)
        clients = [entry.client for entry in youtube.requests.of_kind("player")]
    assert json.loads(outcome.out)["formats"]
    assert {"VISIONOS", "WEB_EMBEDDED_PLAYER"} <= set(clients)


async def test_a_channel_has_a_list_for_each_of_its_tabs() -> None:
    catalogue = Catalogue()
    long = catalogue.add_videos(3, views=5)
    [short] = catalogue.add_videos(1, is_short=True)
    [live] = catalogue.add_videos(1, was_live=True)
    best = catalogue.change_video(long[0].id, views=9)
    tail = best.channel.id.removeprefix("UC")
    newest_first = [video.id for video in reversed(long)]
    lists = {
        "UU": [live.id, short.id, *newest_first],
        "UULF": newest_first,
        "UUSH": [short.id],
        "UULV": [live.id],
        "UULP": [best.id, *newest_first[:2]],
    }
    tabs = {"shorts": [short.id], "streams": [live.id]}
    async with StandIn(catalogue) as youtube:
        urls = [f"{PLAYLIST}{prefix}{tail}" for prefix in lists]
        urls += [f"https://www.youtube.com/channel/UC{tail}/{tab}" for tab in tabs]
        outcome = await yt_dlp(youtube, "--flat-playlist", "-J", *urls)
    found = [[e["id"] for e in json.loads(line)["entries"]] for line in outcome.out.splitlines()]
    assert found == [*lists.values(), *tabs.values()]


async def test_playlists_have_both_forms_of_ids() -> None:
    catalogue = Catalogue()
    made = [catalogue.playlist_of(1) for _ in range(2)]
    assert sorted(len(playlist.id) for playlist in made) == [13, 34]
    async with StandIn(catalogue) as youtube:
        urls = [PLAYLIST + playlist.id for playlist in made]
        outcome = await yt_dlp(youtube, "--flat-playlist", "-J", *urls)
    found = [[e["id"] for e in json.loads(line)["entries"]] for line in outcome.out.splitlines()]
    assert found == [playlist.video_ids for playlist in made]


async def test_live_states_and_the_trailer_are_in_the_details() -> None:
    catalogue = Catalogue()
    ids = states(catalogue)
    wanted = {"upcoming": "is_upcoming", "live": "is_live", "post_live": "post_live"}
    async with StandIn(catalogue) as youtube:
        urls = [WATCH + ids[state] for state in (*wanted, "trailer")]
        outcome = await yt_dlp(youtube, "-j", "-s", "--ignore-no-formats-error", *urls)
    *broadcasts, trailer = map(json.loads, outcome.out.splitlines())
    assert [each["live_status"] for each in broadcasts] == list(wanted.values())
    assert broadcasts[0]["release_timestamp"] > 0
    assert trailer["title"] == "The trailer"


async def test_yt_dlp_sees_the_fields_that_a_video_replaces() -> None:
    catalogue = Catalogue()
    german = {"displayName": "German original", "id": "de.4", "audioIsDefault": True}
    video = catalogue.add_video(
        formats=(
            {"itag": 137, "qualityLabel": None, "width": 1920, "height": 804},
            {"itag": 137, "xtags": "sr%3D1", "audioTrack": {"id": "xx.1"}},
            {"itag": 140, "audioTrack": german, "approxDurationMs": "9000"},
        ),
        details={"lengthSeconds": "5"},
        tracks=({"languageCode": "iw", "vssId": ".iw"},),
        api_omit=True,
        caption={"iw": "V0VCVlRU"},
        thumb="eHl6",
    )
    async with StandIn(catalogue) as youtube, client_of(youtube) as client:
        extracted = json.loads((await yt_dlp(youtube, "-J", WATCH + video.id)).out)
        assert (await client.api("videos", part="snippet", id=video.id))[1]["items"] == []
        (caption,) = (each["url"] for each in extracted["subtitles"]["iw"] if each["ext"] == "vtt")
        assert (await client.get(caption))[1] == b"WEBVTT"
        assert (await client.get(f"https://i.ytimg.com/vi/{video.id}/default.jpg"))[1] == b"xyz"
    sound, picture, upscaled = extracted["formats"]
    assert (sound["language"], sound["language_preference"]) == ("de", 10)
    assert (picture["height"], picture["format_note"]) == (804, "hd1080")
    assert upscaled["format_note"] == "1080p, AI-upscaled"
    assert (extracted["duration"], upscaled["format_id"]) == (5, "137-sr")


async def test_unavailable_playlists_and_channels_report_it() -> None:
    catalogue = Catalogue()
    private = catalogue.playlist_of(1)
    catalogue.change_playlist(private.id, state="private")
    gone = "https://www.youtube.com/channel/UC" + "x" * 22
    async with StandIn(catalogue) as youtube:
        outcome = await yt_dlp(
            youtube, "--flat-playlist", PLAYLIST + private.id, PLAYLIST + "PL" + "x" * 32, gone
        )
    assert "This playlist is private" in outcome.err
    assert "The playlist does not exist" in outcome.err
    assert "This channel does not exist" in outcome.err


async def test_hostile_titles_arrive_unchanged() -> None:
    catalogue = Catalogue()
    titles = [title for title in HOSTILE_TITLES if title]
    playlist = catalogue.add_playlist([catalogue.add_video(title) for title in titles])
    async with StandIn(catalogue) as youtube, client_of(youtube) as client:
        outcome = await yt_dlp(youtube, "--flat-playlist", "-J", PLAYLIST + playlist.id)
        _, items = await client.api(
            "playlistItems", part="snippet", playlistId=playlist.id, maxResults=50
        )
        single = await yt_dlp(youtube, "-j", "-s", WATCH + playlist.video_ids[21])
        _, feed, _ = await client.get(
            f"https://www.youtube.com/feeds/videos.xml?playlist_id={playlist.id}"
        )
    assert [entry["title"] for entry in json.loads(outcome.out)["entries"]] == titles
    assert [item["snippet"]["title"] for item in items["items"]] == titles
    assert json.loads(single.out)["title"] == titles[21]
    assert len(ET.fromstring(feed).findall("{*}entry")) == 15


async def test_the_data_api_pages_a_playlist_and_omits_unavailable_videos() -> None:
    catalogue = Catalogue()
    playlist = catalogue.playlist_of(120, private=1, deleted=1)
    async with StandIn(catalogue) as youtube, client_of(youtube) as client:
        items: list[Any] = []
        token: dict[str, str] = {}
        while True:
            _, page = await client.api(
                "playlistItems",
                part="snippet,contentDetails,status",
                playlistId=playlist.id,
                maxResults=50,
                **token,
            )
            items += page["items"]
            if not (following := page.get("nextPageToken")):
                break
            token = {"pageToken": following}
        _, videos = await client.api("videos", part="snippet", id=",".join(playlist.video_ids[:50]))
        _, found = await client.api("channels", part="contentDetails", forHandle="@standinchannel")
        asked = youtube.requests
    assert [item["contentDetails"]["videoId"] for item in items] == playlist.video_ids
    dead = [item for item in items if "videoOwnerChannelId" not in item["snippet"]]
    assert {item["snippet"]["title"] for item in dead} == {"Private video", "Deleted video"}
    assert len(videos["items"]) == 49
    uploads = found["items"][0]["contentDetails"]["relatedPlaylists"]["uploads"]
    assert uploads == playlist.channel.uploads_id
    assert asked.quota_used == 5
    assert {entry.key_in for entry in asked.of_kind("api:playlistItems")} == {"header"}


async def test_the_data_api_gives_numbers_as_strings_and_durations_as_iso_8601() -> None:
    catalogue = Catalogue()
    video = catalogue.add_video(views=7, duration=3723)
    async with StandIn(catalogue) as youtube, client_of(youtube) as client:
        url = f"{API}videos?part=contentDetails,statistics&id={video.id}&key=abc"
        _, body, headers = await client.get(url)
        again, _, _ = await client.get(url, headers={"If-None-Match": headers["ETag"]})
        assert youtube.requests.of_kind("api:videos")[0].key_in == "query"
    item = json.loads(body)["items"][0]
    assert item["statistics"]["viewCount"] == "7"
    assert item["contentDetails"]["duration"] == "PT1H2M3S"
    assert again == 304


@pytest.mark.parametrize("name", API_ERRORS)
async def test_every_error_of_the_data_api_can_be_provoked(name: str) -> None:
    behaviour = Behaviour(faults=[Fault(kind="api:*", api_error=name, times=1)])
    async with StandIn(behaviour=behaviour) as youtube, client_of(youtube) as client:
        status, body = await client.api("videos", part="id", id="x")
        later, _ = await client.api("videos", part="id", id="x")
    assert status == body["error"]["code"] == API_ERRORS[name].http
    assert body["error"]["errors"][0]["reason"] == API_ERRORS[name].reason
    assert later == 200


async def test_the_data_api_refuses_wrong_requests_and_what_exceeds_the_quota() -> None:
    behaviour = Behaviour(api_quota=4, api_keys=("standin-key",))
    async with StandIn(behaviour=behaviour) as youtube, client_of(youtube) as client:
        answers = [
            await client.api("videos", id="x"),
            await client.api("playlistItems", part="id", playlistId="PL1"),
            await client.api("playlistItems", part="id"),
            await client.api("channels", part="id", id="UC1"),
            await client.api("videos", part="id", id="x"),
        ]
        wrong_key, _, _ = await client.get(f"{API}videos?part=id&id=x&key=wrong")
    reasons = [body["error"]["errors"][0]["reason"] for status, body in answers if status != 200]
    assert reasons[:2] == ["missingRequiredParameter", "playlistNotFound"]
    assert reasons[2:] == ["missingRequiredParameter", "quotaExceeded"]
    assert "items" not in answers[3][1]
    assert wrong_key == 400


async def test_media_answers_ranges_and_refuses_ranges_beyond_the_end() -> None:
    catalogue = Catalogue()
    video = catalogue.add_video()
    padded = MediaSpec(padding=1_000_000)
    async with StandIn(catalogue, media=padded) as youtube, client_of(youtube) as client:
        url = await client.media_url(video.id)
        size = youtube.media.files[136].size
        _, whole, _ = await client.get(url)
        part, body, headers = await client.get(url, headers={"Range": "bytes=10-19"})
        beyond, _, _ = await client.get(url, headers={"Range": f"bytes={size}-"})
    assert len(whole) == size > 1_000_000
    assert (part, body, beyond) == (206, whole[10:20], 416)
    assert headers["Content-Range"] == f"bytes 10-19/{size}"


async def test_media_can_break_off_expire_fail_repeatedly_and_be_slow() -> None:
    catalogue = Catalogue()
    video = catalogue.add_video()
    async with StandIn(catalogue) as youtube, client_of(youtube) as client:
        url = await client.media_url(video.id)
        youtube.behaviour.faults.append(Fault(kind="media", cut_after=10_000, times=1))
        with pytest.raises(aiohttp.ClientPayloadError):
            await client.get(url)
        assert youtube.requests.of_kind("media")[0].bytes_sent == 10_000
        youtube.behaviour.media_url_uses = 2
        assert [(await client.get(url))[0] for _ in range(2)] == [200, 403]
        youtube.behaviour.change(media_url_uses=None, media_url_lifetime=-1)
        assert (await client.get(await client.media_url(video.id)))[0] == 403
        youtube.behaviour.change(media_url_lifetime=60, media_bytes_per_second=100_000)
        await client.get(url, headers={"Range": "bytes=0-29999"})
        assert youtube.requests.of_kind("media")[-1].seconds > 0.2


async def test_faults_affect_the_named_requests() -> None:
    catalogue = Catalogue()
    first, second = catalogue.add_videos(2)
    async with StandIn(catalogue) as youtube, client_of(youtube) as client:
        youtube.behaviour.faults = [
            Fault(kind="watch", video_id=first.id, status=429, retry_after=7),
            Fault(kind="watch", truncate_to=100, times=1),
            Fault(kind="watch", hang=True, times=1),
        ]
        limited, _, headers = await client.get(WATCH + first.id)
        _, cut, _ = await client.get(WATCH + second.id)
        with pytest.raises(TimeoutError):
            await client.get(WATCH + second.id, timeout=aiohttp.ClientTimeout(total=0.2))
        whole, _, _ = await client.get(WATCH + second.id)
        youtube.behaviour.faults = [Fault(status=503, times=2)]
        statuses = [(await client.get(WATCH + first.id))[0] for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert (limited, headers["Retry-After"]) == (429, "7")
    assert (len(cut), whole) == (100, 200)


async def test_after_some_requests_every_video_gets_the_bot_check_until_reset() -> None:
    catalogue = Catalogue()
    videos = catalogue.add_videos(3)
    behaviour = Behaviour(everything_becomes=VideoState.BOT_CHECK, everything_becomes_after=2)
    async with StandIn(catalogue, behaviour) as youtube:
        outcome = await yt_dlp(youtube, "-s", *(WATCH + video.id for video in videos))
        youtube.reset()
        healed = await yt_dlp(youtube, "-s", WATCH + videos[1].id)
    assert outcome.err.count("not a bot") == 2
    assert "ERROR" not in healed.err


async def test_a_separate_process_is_controlled_over_http() -> None:
    with StandInProcess("--scenario", "demo", "--api-quota", "5") as youtube:
        listed = youtube.ask("/catalogue")["playlists"][youtube.ids["demo"]["playlist"]]
        youtube.change_video(listed[0], state="deleted")
        youtube.behave(latency_ms=1, faults=[{"kind": "media", "status": 503}])
        made = youtube.ask("/videos", {"title": "Later", "itags": [134, 140]})
        youtube.ask(
            f"/playlists/{youtube.ids['demo']['playlist']}/videos", {"videos": [made["id"]]}
        )
        catalogue = youtube.ask("/catalogue")
        counters = youtube.counters()
        youtube.reset()
    assert catalogue["videos"][listed[0]] == "deleted"
    assert catalogue["playlists"][youtube.ids["demo"]["playlist"]][-1] == made["id"]
    assert counters["total"] == 0
