"""Work of every kind that asks YouTube, and how it waits and ends."""

from itertools import count
from typing import Any, NamedTuple

from tests.harness import Server, until
from tests.standin import StandInProcess

_channels = count(1)


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

    def waits_for(self, *reasons: str) -> None:
        """Wait until every job waits for such a reason, and see that nothing counts as failed."""
        for name in self.jobs:
            until(lambda: self.job(name)["progress"]["waiting_reason"] in reasons, name)  # noqa: B023  # called at once
            job = self.job(name)
            assert job["status"] in {"PENDING", "RUNNING"}, name
            assert (job["results"], job["work_plan_id"]) == ([], None), name
        is_known = "retry_at" if "network" in reasons else "task_id"  # others are not tried at all
        until(lambda: self.direct()[is_known], "the next try of the direct download")
        direct = self.direct()
        assert (direct["status"] in {"QUEUED", "DOWNLOADING"}, direct["attempts"]) == (True, 0)

    def succeeds(self) -> None:
        """See that everything resumes by itself, and that no attempt had been used."""
        for name, job_id in self.jobs.items():
            job = self.server.ended(job_id)
            assert job["status"] == "COMPLETED", (name, job)
            results = self.job(name)["results"]
            assert [each["status"] for each in results] == ["success"], (name, results)
            assert results[0]["attempts"] == 1, name
        until(lambda: self.direct()["status"] == "COMPLETED", "the direct download")
        assert self.direct()["attempts"] == 0


def begin(server: Server, youtube: StandInProcess) -> Work:
    """Ask for everything, without any retries. There are four subjects, of which one is a video.

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
