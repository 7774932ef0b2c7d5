"""A bot check in the real server: whatever the way, YouTube is asked no more until it is over."""

from pathlib import Path

from tests.harness import Answer, Server, environment, until
from tests.standin import StandInProcess

PAUSED = "E104"


def every_way(server: Server, video_id: str, playlist_id: str) -> list[Answer]:
    """One request of each kind that would ask YouTube at once."""
    return [
        server.get(f"/metadata/video/{video_id}"),
        server.get(f"/download/formats/{video_id}"),
        server.get(f"/metadata/playlist/{playlist_id}"),
        server.get("/metadata/channel/@somebody"),
    ]


def test_a_block_met_by_one_request_holds_back_all_others(tmp_path: Path) -> None:
    with (
        StandInProcess("--scenario", "playlist60") as youtube,
        Server(environment(tmp_path / "archive", youtube)) as server,
    ):
        playlist_id = youtube.ids["playlist60"]["playlist"]
        first, second, third, *_ = youtube.ask("/catalogue")["playlists"][playlist_id]
        youtube.change_video(first, state="bot_check")
        assert server.get(f"/metadata/video/{first}").code == "E102"
        governor = server.get("/governor").data
        assert (governor["state"], governor["reason"]) == ("open", "bot_check")

        youtube.reset()
        refused = every_way(server, second, playlist_id)
        assert [answer.code for answer in refused] == [PAUSED] * len(refused)
        batch = server.post("/metadata/batch", {"data": {"video_ids": [second, third]}})
        assert [each["reason"] for each in batch.data["missing"]] == ["paused", "paused"]
        promised = server.post("/download/video", {"data": {"video_id": third}})
        assert promised.status == 202
        queued = server.post("/jobs", {"data": {"type": "VIDEO_DOWNLOAD", "video_ids": [second]}})
        job = server.get(f"/jobs/{queued.data['id']}").data
        assert (job["status"], job["results"]) == ("PENDING", [])
        assert youtube.counters()["total"] == 0

        server.post("/governor/resume")
        assert server.ended(queued.data["id"])["status"] == "COMPLETED"
        until(
            lambda: server.get(f"/storage/exists/{third}").data["exists"],
            "the promised download in the archive",
        )
        assert server.get(f"/metadata/video/{second}").data["video_id"] == second
