"""Work of every kind that sends requests to YouTube, its waits and its results."""

from itertools import count
from typing import Any, NamedTuple

from tests.harness import Server, until
from tests.standin import StandInProcess

_channels = count(1)


STORED = dict.fromkeys(("video", "playlist", "channel", "metadata"), ("success", 1)) | {
    "direct download": ("COMPLETED", 0)
}
"""The end of all work for which no attempt was used before it succeeded."""


class Work(NamedTuple):
    """Jobs for a video, a playlist, a channel and metadata, and a direct download."""

    server: Server
    jobs: dict[str, str]
    task_id: str

    def job(self, name: str) -> dict[str, Any]:
        """One of the jobs, as it is now."""
        found: dict[str, Any] = self.server.get(f"/jobs/{self.jobs[name]}?expand=true").data
        return found

    def direct(self) -> dict[str, Any]:
        """The direct download, as it is now."""
        found: dict[str, Any] = self.server.get(f"/download/progress/{self.task_id}").data
        return found

    def failures_while_waiting_for(self, *reasons: str) -> dict[str, dict[str, Any]]:
        """Wait until every job waits for such a reason; return the work that ended or failed."""
        failed = {}
        for name in self.jobs:
            until(lambda: self.job(name)["progress"]["waiting_reason"] in reasons, name)  # noqa: B023  # called at once
            job = self.job(name)
            is_open = job["status"] in {"PENDING", "RUNNING"}
            if not is_open or job["results"] or job["work_plan_id"]:
                failed[name] = job
        is_known = "retry_at" if "network" in reasons else "task_id"  # others are not tried at all
        until(lambda: self.direct()[is_known], "the next try of the direct download")
        direct = self.direct()
        if direct["status"] not in {"QUEUED", "DOWNLOADING"} or direct["attempts"]:
            failed["direct download"] = direct
        return failed

    def ends(self) -> dict[str, tuple[str, int]]:
        """Wait until everything has ended; return the status and the attempts of each."""
        outcomes = {}
        for name, job_id in self.jobs.items():
            assert self.server.ended(job_id)["status"] == "COMPLETED", name
            [result] = self.job(name)["results"]
            outcomes[name] = (result["status"], result["attempts"])
        until(lambda: self.direct()["status"] in {"COMPLETED", "FAILED"}, "the direct download")
        direct = self.direct()
        return outcomes | {"direct download": (direct["status"], direct["attempts"])}


def begin(server: Server, youtube: StandInProcess) -> Work:
    """Request everything, without any retries. There are four subjects, of which one is a video.

    Failures of five in a row would pause the queue for a minute.
    """
    handle = f"@outage{next(_channels)}"
    channel = youtube.ask("/channels", {"title": handle[1:], "handle": handle})["id"]
    youtube.ask("/videos", {"channel": channel})
    playlist = youtube.ask("/playlists", {"count": 1})["id"]
    video, other = (youtube.ask("/videos", {})["id"] for _ in range(2))
    asked = {
        "video": {"type": "VIDEO_DOWNLOAD", "video_ids": [video]},
        "playlist": {"type": "PLAYLIST_DOWNLOAD", "playlist_id": playlist},
        "channel": {"type": "PLAYLIST_DOWNLOAD", "playlist_id": handle},
        "metadata": {"type": "METADATA_ONLY", "video_ids": [other]},
    }
    options = {"quality": "360p", "max_retries": 0}
    jobs = {
        name: server.post("/jobs", {"data": {**job, "options": options}}).data["id"]
        for name, job in asked.items()
    }
    data = {"video_id": other, **options}
    return Work(server, jobs, server.post("/download/video", {"data": data}).data["task_id"])
