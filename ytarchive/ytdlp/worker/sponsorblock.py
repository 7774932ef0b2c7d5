"""Fetches the segments that SponsorBlock's users have marked in a video.

Only these requests may go to its server. A failure never fails the download.
"""

from yt_dlp.postprocessor.sponsorblock import SponsorBlockPP

from ytarchive.media import Info
from ytarchive.ytdlp.worker.messages import clean
from ytarchive.ytdlp.worker.network import QuietYoutubeDL

HOST = "sponsor.ajay.app"


def add_segments(ydl: QuietYoutubeDL, *infos: Info) -> list[str]:
    """Add the segments of a video to infos of it; return why there are none.

    They are in yt-dlp's form of chapters.
    """
    info, segments, failures = infos[0], [], []
    asked = {"id": info["id"], "extractor_key": "Youtube", "duration": info.get("duration") or 0}
    try:
        with ydl.allowing(HOST):
            _, found = SponsorBlockPP(ydl).run(asked)
        segments = list(found["sponsorblock_chapters"])
    except Exception as failure:  # any exception: the answer comes from another service
        failures = [f"no SponsorBlock segments: {clean(str(failure))}"]
    for each in infos:
        each["sponsorblock_chapters"] = segments
    return failures
