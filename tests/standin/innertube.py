"""The InnerTube clients that the stand-in knows, and how YouTube treats each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InnerTubeClient:
    """What a client's answers have.

    `direct`: its formats have addresses; the others stream by another protocol (SABR).
    `kids`: it plays videos that are made for kids.
    """

    direct: bool = True
    kids: bool = True


CLIENTS = {
    "WEB": InnerTubeClient(direct=False),
    "MWEB": InnerTubeClient(direct=False),
    "WEB_REMIX": InnerTubeClient(direct=False),
    "WEB_EMBEDDED_PLAYER": InnerTubeClient(),
    "WEB_CREATOR": InnerTubeClient(),
    "TVHTML5": InnerTubeClient(),  # `tv_samsung` and the other `tv` clients of yt-dlp
    "TVHTML5_SIMPLY": InnerTubeClient(),
    "VISIONOS": InnerTubeClient(kids=False),
    "ANDROID": InnerTubeClient(),
    "ANDROID_VR": InnerTubeClient(kids=False),
    "IOS": InnerTubeClient(),
}
"""By the name that requests carry."""

_UNKNOWN = InnerTubeClient()


def client_named(name: str) -> InnerTubeClient:
    """Return how a client is treated; an unknown one plays everything."""
    return CLIENTS.get(name, _UNKNOWN)
