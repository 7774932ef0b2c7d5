"""The player's answers: playability, details, formats and captions of one video."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from .captions import captions_of
from .catalogue import Catalogue, Video
from .innertube import client_named
from .manifests import manifest_field, media_url
from .media import MediaFile, MediaLibrary
from .states import LIVE_STATES, PLAYABILITY, VideoState

_AUDIO_QUALITY = {140: "AUDIO_QUALITY_MEDIUM", 251: "AUDIO_QUALITY_MEDIUM"}
_QUALITY = {360: "medium", 480: "large", 720: "hd720", 1080: "hd1080", 1440: "hd1440"}
_FORMATLESS = frozenset({VideoState.NO_FORMATS, VideoState.LIVE})


class Player:
    """Answers `/youtubei/v1/player`, and what a watch page embeds of it."""

    def __init__(self, catalogue: Catalogue, media: MediaLibrary) -> None:
        self._catalogue = catalogue
        self._media = media
        self._ready: dict[tuple[str, str, VideoState], tuple[Video, bytes]] = {}

    def body(self, video_id: str, client: str, forced: VideoState | None = None) -> bytes:
        """Return the JSON with its marks unfilled; `forced` overrides the video's state."""
        video = self._catalogue.videos.get(video_id)
        if video is None:
            return json.dumps(_unknown(video_id)).encode()
        state = forced or video.state
        cached = self._ready.get((video_id, client, state))
        if cached and cached[0] is video and state not in LIVE_STATES:
            return cached[1]
        body = json.dumps(self.response(video, client, state), separators=(",", ":")).encode()
        self._ready[video_id, client, state] = (video, body)
        return body

    def response(self, video: Video, client: str, state: VideoState) -> dict[str, Any]:
        """Build the answer for one client."""
        if video.made_for_kids and not client_named(client).kids:
            state = VideoState.UNAVAILABLE
        shown_id = "AAAAAAAAAAA" if state is VideoState.IP_BLOCKED else video.id
        response: dict[str, Any] = {
            "responseContext": {"visitorData": "CgtzdGFuZGluMTIzNA%3D%3D"},
            "playabilityStatus": playability(video, state),
            "videoDetails": self._details(video, state) | {"videoId": shown_id} | video.details,
        }
        if client == "WEB":
            shown = self._microformat(video, state) | video.microformat
            response["microformat"] = {"playerMicroformatRenderer": shown}
        if PLAYABILITY[state].playable:
            response["streamingData"] = self._streaming(video, client, state)
            response["captions"] = captions_of(video)
        return response

    def duration(self, video: Video) -> int:
        """Return a video's length in seconds."""
        return self._media.spec.seconds if video.duration is None else video.duration

    def _details(self, video: Video, state: VideoState) -> dict[str, Any]:
        on_air = state in LIVE_STATES
        details: dict[str, Any] = {
            "videoId": video.id,
            "title": video.title,
            "lengthSeconds": "0" if on_air else str(self.duration(video)),
            "keywords": list(video.tags),
            "channelId": video.channel.id,
            "isOwnerViewing": False,
            "shortDescription": video.description,
            "isCrawlable": True,
            "thumbnail": {"thumbnails": thumbnails(video)},
            "allowRatings": True,
            "viewCount": str(video.views),
            "author": video.channel.title,
            "isPrivate": state is VideoState.PRIVATE,
            "isUnpluggedCorpus": False,
            "isLiveContent": (on_air and state is not VideoState.UPCOMING) or video.was_live,
        }
        if state in {VideoState.UPCOMING, VideoState.UPCOMING_LIVE}:
            details["isUpcoming"] = True
        if state is VideoState.LIVE:
            details |= {"isLive": True, "isLowLatencyLiveStream": False}
        if state is VideoState.POST_LIVE:
            details["isPostLiveDvr"] = True
        if video.undescribed:
            for name in ("title", "shortDescription", "isLiveContent"):
                del details[name]
        return details

    def _microformat(self, video: Video, state: VideoState) -> dict[str, Any]:
        uploaded = video.uploaded.isoformat()
        texts = video.translation or {"title": video.title, "description": video.description}
        details: dict[str, Any] = {
            "thumbnail": {"thumbnails": thumbnails(video)},
            "title": {"simpleText": texts["title"]},
            "description": {"simpleText": texts["description"]},
            "lengthSeconds": str(self.duration(video)),
            "ownerProfileUrl": f"http://www.youtube.com/{video.channel.handle}",
            "externalChannelId": video.channel.id,
            "isFamilySafe": state is not VideoState.AGE_GATED,
            "availableCountries": ["IS"] if state is VideoState.GEO_BLOCKED else ["DE", "US"],
            "isUnlisted": video.unlisted,
            "hasYpcMetadata": False,
            "viewCount": str(video.views),
            "category": video.category,
            "publishDate": uploaded,
            "ownerChannelName": video.channel.title,
            "uploadDate": uploaded,
            "isShortsEligible": video.is_short,
        }
        if state in LIVE_STATES:
            details["liveBroadcastDetails"] = {
                "isLiveNow": state is VideoState.LIVE,
                "startTimestamp": start_time(video).isoformat(),
            }
        return details

    def _streaming(self, video: Video, client: str, state: VideoState) -> dict[str, Any]:
        data: dict[str, Any] = {"expiresInSeconds": "21540"}
        if state is VideoState.LIVE:
            data["hlsManifestUrl"] = (
                f"https://manifest.googlevideo.com/api/manifest/hls_variant/id/{video.id}/master.m3u8"
            )
        if video.manifest:
            return data | manifest_field(video)
        if state in _FORMATLESS:
            return data
        offered = video.formats or tuple({"itag": itag} for itag in video.itags)
        described = [
            _changed(self._format(video, self._media.files[given["itag"]], client, state), given)
            for given in offered
            if given["itag"] in self._media.files
        ]
        muxed = [entry for entry in described if entry["itag"] == 18]
        data["adaptiveFormats"] = [entry for entry in described if entry["itag"] != 18]
        if muxed:
            data["formats"] = muxed
        if not client_named(client).direct:
            data["serverAbrStreamingUrl"] = media_url(video, 0, client)
        if state is VideoState.DRM:
            data["licenseInfos"] = [{"drmFamily": "WIDEVINE"}]
        return data

    def _format(
        self, video: Video, stream: MediaFile, client: str, state: VideoState
    ) -> dict[str, Any]:
        kind = stream.format
        entry: dict[str, Any] = {
            "itag": kind.itag,
            "mimeType": f'{kind.mime_type}; codecs="{kind.codecs}"',
            "bitrate": kind.bitrate,
            "averageBitrate": kind.bitrate,
            "lastModified": "1700000000000000",
            "contentLength": str(stream.size),
            "quality": _QUALITY.get(kind.height, "tiny" if not kind.height else "hd2160"),
            "projectionType": "RECTANGULAR",
            "approxDurationMs": str(self.duration(video) * 1000),
        }
        if kind.height:
            entry |= {"width": kind.width, "height": kind.height, "fps": kind.fps}
            entry["qualityLabel"] = kind.label
        if kind.audio:
            entry |= {"audioSampleRate": "44100", "audioChannels": 2}
            entry["audioQuality"] = _AUDIO_QUALITY.get(kind.itag, "AUDIO_QUALITY_LOW")
        if client_named(client).direct:
            entry["url"] = media_url(video, kind.itag, client)
        if state is VideoState.DRM:
            entry["drmFamilies"] = ["WIDEVINE"]
        if state is VideoState.POST_LIVE:
            entry["targetDurationSec"] = 5
        return entry


def _changed(entry: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Replace fields of a format; null removes one, `xtags` becomes part of the address."""
    merged = entry | given
    if "url" in merged and "xtags" in given:
        merged["url"] += f"&xtags={given['xtags']}"
    return {name: value for name, value in merged.items() if value is not None}


def playability(video: Video, state: VideoState) -> dict[str, Any]:
    """Build `playabilityStatus` in the real shapes."""
    words = PLAYABILITY[state]
    reason = words.reason.replace("{wait}", _waiting_time(video))
    status: dict[str, Any] = {"status": words.status, "playableInEmbed": True}
    if reason:
        status["reason"] = reason
    if video.interstitial and reason:
        status["errorScreen"] = _interstitial(reason, words.subreason)
    elif words.subreason:
        status["errorScreen"] = _error_screen(reason, words.subreason)
    if state is VideoState.TRAILER:
        trailer = {"trailerVideoId": video.trailer_id}
        status["errorScreen"] = {"playerLegacyDesktopYpcTrailerRenderer": trailer}
    if state is VideoState.CAPTCHA:
        status["errorScreen"] = {"playerCaptchaViewModel": {"heading": {"content": "Captcha"}}}
    if words.status == "LIVE_STREAM_OFFLINE":
        status["liveStreamability"] = _streamability(video, reason)
    return status


def _error_screen(reason: str, subreason: str) -> dict[str, Any]:
    return {
        "playerErrorMessageRenderer": {
            "reason": {"simpleText": reason},
            "subreason": {"runs": [{"text": subreason}]},
            "icon": {"iconType": "ERROR_OUTLINE"},
        }
    }


def _interstitial(reason: str, subreason: str) -> dict[str, Any]:
    """Build the error screen of 2026, which repeats the reason where there is no other text."""
    shown = {"title": {"content": reason}, "description": {"content": subreason or reason}}
    return {"playerInterstitialRenderer": {"content": {"interstitialViewModel": shown}}}


def _streamability(video: Video, reason: str) -> dict[str, Any]:
    slate = {
        "scheduledStartTime": str(int(start_time(video).timestamp())),
        "mainText": {"runs": [{"text": reason}]},
        "canShowCountdown": True,
    }
    return {
        "liveStreamabilityRenderer": {
            "videoId": video.id,
            "offlineSlate": {"liveStreamOfflineSlateRenderer": slate},
            "pollDelayMs": "15000",
        }
    }


def start_time(video: Video) -> datetime:
    """Return when a broadcast begins: two hours from now unless the video says."""
    return video.starts_at or datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)


def _waiting_time(video: Video) -> str:
    minutes = round((start_time(video) - datetime.now(UTC)).total_seconds() / 60)
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            number = round(minutes / size)
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return "a few moments"


def thumbnails(video: Video) -> list[dict[str, Any]]:
    """List a video's pictures as pages do, smallest first."""
    names = [("default", 120, 90), ("mqdefault", 320, 180), ("hqdefault", 480, 360)]
    if video.max_thumbnail:
        names.append(("maxresdefault", 1280, 720))
    return [
        {"url": f"https://i.ytimg.com/vi/{video.id}/{name}.jpg", "width": width, "height": height}
        for name, width, height in names
    ]


def _unknown(video_id: str) -> dict[str, Any]:
    status = {"status": "ERROR", "reason": "Video unavailable"}
    screen = _error_screen("Video unavailable", "This video is unavailable")
    return {
        "playabilityStatus": status | {"errorScreen": screen},
        "videoDetails": {"videoId": video_id},
    }
