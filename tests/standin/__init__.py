"""A stand-in for YouTube on loopback, for tests, benchmarks and the demo."""

from .behaviour import Behaviour, Fault
from .catalogue import Catalogue, Channel, Playlist, PlaylistEntry, PlaylistState, Video
from .hostile import HOSTILE_TITLES
from .media import MediaSpec
from .remote import StandInProcess
from .server import StandIn
from .states import VideoState

__all__ = [
    "HOSTILE_TITLES",
    "Behaviour",
    "Catalogue",
    "Channel",
    "Fault",
    "MediaSpec",
    "Playlist",
    "PlaylistEntry",
    "PlaylistState",
    "StandIn",
    "StandInProcess",
    "Video",
    "VideoState",
]
