"""Which addresses are trusted: this machine's loopback, and what the settings name.

Whoever may speak to the server can register a service, and services are asked for their health. An
address of the caller's choice would let them reach, through the server, what only it can reach; so
nothing is asked but loopback and hosts that the settings name, and the token goes with no request
but to an address that they name.
"""

import ipaddress
from urllib.parse import urlsplit

from ytarchive.common.config import Settings
from ytarchive.common.errors import InvalidRequest
from ytarchive.common.services import ServiceName

_LOOPBACK = "localhost"


def is_loopback(host: str) -> bool:
    """Return whether only programs on this machine can reach a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == _LOOPBACK


def known_hosts(settings: Settings) -> frozenset[str]:
    """Return the hosts that the settings name, besides loopback."""
    urls = (settings.services.url(name) for name in ServiceName)
    named = {urlsplit(url).hostname for url in urls if url}
    further = {settings.server.host, *settings.server.allowed_hosts}
    return frozenset(host.lower() for host in named | further if host)


def require_known_host(url: str, known: frozenset[str]) -> None:
    """Raise InvalidRequest for an address that is neither loopback nor in `known`."""
    if _host(url) not in known | {_LOOPBACK}:
        why = "neither loopback nor a host of `services.*` or `server.allowed_hosts`"
        raise InvalidRequest(f"url: {why}", fields={"url": why})


def with_port(url: str, port: int) -> str:
    """`url` with a port: its own, or else `port`, if that is not 0."""
    parts = urlsplit(url)
    return url if parts.port is not None or not port else f"{url}:{port}"


def same_address(one: str, other: str) -> bool:
    """Return whether two URLs lead to the same server; all names of loopback are one."""
    return (_host(one), _port(one)) == (_host(other), _port(other))


def seen_from(server: str, url: str, jobs_url: str, known: frozenset[str]) -> str:
    """Where a registered service is for someone who reaches the Jobs service at `server`.

    `url` and `jobs_url` are the addresses at which it and Jobs are registered. What is loopback to
    the server is the server's own host to others; a host elsewhere must be in `known`.
    """
    if same_address(url, jobs_url):
        return server
    if _host(url) == _host(server) or _host(url) in known:
        return url
    if _host(url) != _LOOPBACK:
        return server
    there = urlsplit(server)
    host = f"[{there.hostname}]" if ":" in (there.hostname or "") else there.hostname
    return f"{there.scheme}://{host}:{_port(url)}"


def _host(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return _LOOPBACK if is_loopback(host) else host


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
