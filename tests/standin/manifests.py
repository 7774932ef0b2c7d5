"""Addresses of media, and the manifests of streams in fragments: HLS and DASH."""

from collections.abc import Iterator
from urllib.parse import urlencode

from .catalogue import Video

EXPIRE_MARK = b"@EXPIRE@"
"""Replaced in cached answers by the expiry of the media URLs (seconds since the epoch)."""
TICKET_MARK = b"@TICKET@"
"""Replaced in cached answers by a number that distinguishes the media URLs of each answer."""
FRAGMENT_ITAG = 18
_FRAGMENT_BYTES = 256 * 1024
_SECONDS = 5
_BITS_PER_SECOND = 500_000
_CODECS = "avc1.42001E,mp4a.40.2"
_ADDRESS = "https://manifest.googlevideo.com/api/manifest"


def media_url(video: Video, itag: int, client: str) -> str:
    """Return a media address; without an `n` parameter, so that no JavaScript is needed."""
    query = urlencode({"itag": itag, "source": "youtube", "id": video.id, "c": client})
    marks = f"expire={EXPIRE_MARK.decode()}&ticket={TICKET_MARK.decode()}"
    return f"https://rr1---sn-standin.googlevideo.com/videoplayback?{marks}&{query}"


def manifest_field(video: Video) -> dict[str, str]:
    """Return the field of the player's answer that leads to a video's manifest."""
    kind = video.manifest
    return {f"{kind}ManifestUrl": f"{_ADDRESS}/{kind}/id/{video.id}/{kind}.manifest"}


def manifest(video: Video, name: str) -> str:
    """Return the manifest of that name."""
    made = {"hls.manifest": _hls_formats, "hls.fragments": _hls, "dash.manifest": _dash}
    return made[name](video)


def _fragments(video: Video) -> Iterator[str]:
    address = media_url(video, FRAGMENT_ITAG, "HLS")
    return (f"{address}&range=0-{_FRAGMENT_BYTES - 1}&sq={n}" for n in range(video.fragments))


def _hls_formats(video: Video) -> str:
    info = f'BANDWIDTH={_BITS_PER_SECOND},RESOLUTION=640x360,CODECS="{_CODECS}"'
    address = f"{_ADDRESS}/hls/id/{video.id}/itag/{FRAGMENT_ITAG}/hls.fragments"
    return f"#EXTM3U\n#EXT-X-STREAM-INF:{info}\n{address}\n"


def _hls(video: Video) -> str:
    listed = "".join(f"#EXTINF:{_SECONDS},\n{address}\n" for address in _fragments(video))
    head = f"#EXTM3U\n#EXT-X-TARGETDURATION:{_SECONDS}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
    return f"{head}{listed}#EXT-X-ENDLIST\n"


def _dash(video: Video) -> str:
    """Return a manifest whose address announces a size, as YouTube's do."""
    listed = "".join(
        f'<SegmentURL media="{address.replace("&", "&amp;")}"/>' for address in _fragments(video)
    )
    return (
        '<MPD xmlns="urn:mpeg:DASH:schema:MPD:2011" type="static"><Period><AdaptationSet '
        f'mimeType="video/mp4"><Representation id="{FRAGMENT_ITAG}" codecs="{_CODECS}" '
        f'width="640" height="360" bandwidth="{_BITS_PER_SECOND}">'
        f"<BaseURL>https://rr1---sn-standin.googlevideo.com/clen/{_FRAGMENT_BYTES}/</BaseURL>"
        f'<SegmentList duration="{_SECONDS}">{listed}</SegmentList>'
        "</Representation></AdaptationSet></Period></MPD>"
    )
