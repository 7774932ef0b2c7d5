"""Prepared content, by name, for the demo, benchmarks and separate processes."""

from collections.abc import Callable
from typing import Any

from .catalogue import Catalogue
from .hostile import HOSTILE_TITLES
from .states import VideoState

Ids = dict[str, Any]


def demo(catalogue: Catalogue) -> Ids:
    """Add a channel, a video with chapters and a playlist with some dead entries."""
    channel = catalogue.add_channel("Stand-in Films", handle="@standinfilms", description="Films")
    video = catalogue.add_video(
        "A short film with chapters",
        chapters=((0, "Beginning"), (1, "Middle"), (3, "End")),
        captions=("en", "de"),
    )
    playlist = catalogue.playlist_of(8, title="Demo playlist", private=1, deleted=1, members_only=1)
    return {"channel": channel.handle, "video": video.id, "playlist": playlist.id}


def states(catalogue: Catalogue) -> Ids:
    """Add one video in each state and a playlist of them all."""
    trailer = catalogue.add_video("The trailer")
    made = {
        state: catalogue.add_video(f"State {state}", state=state, trailer_id=trailer.id)
        for state in VideoState
    }
    playlist = catalogue.add_playlist(made.values(), title="Every state")
    return {"playlist": playlist.id} | {state: video.id for state, video in made.items()}


def hostile(catalogue: Catalogue) -> Ids:
    """Add a playlist of hostile titles and a video whose id starts with a dash."""
    videos = [catalogue.add_video(title) for title in HOSTILE_TITLES]
    videos.append(catalogue.add_video("An id with a dash", id="-ashFirst0g"))
    playlist = catalogue.add_playlist(videos, title=HOSTILE_TITLES[0])
    return {"playlist": playlist.id, "videos": [video.id for video in videos]}


def _numbered(count: int) -> Callable[[Catalogue], Ids]:
    def add(catalogue: Catalogue) -> Ids:
        return {"playlist": catalogue.playlist_of(count, title=f"{count} videos").id}

    return add


SCENARIOS: dict[str, Callable[[Catalogue], Ids]] = {
    "demo": demo,
    "states": states,
    "hostile": hostile,
    "playlist60": _numbered(60),
    "playlist250": _numbered(250),
    "playlist10000": _numbered(10_000),
}
"""Each adds its content and returns the ids to ask for."""
