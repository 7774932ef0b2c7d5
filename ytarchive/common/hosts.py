"""Trusted addresses: loopback, and the hosts in the settings.

Any client of the server can register a service, and the server requests the health of services.
With an arbitrary address a client could reach hosts through the server that only the server can
reach. So the server sends requests only to loopback and hosts in the settings, and the token only
to an address in the settings.
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
    """Return the hosts in the settings, without loopback."""
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
    """Return `url` with a port: its own, otherwise `port` unless that is 0."""
    parts = urlsplit(url)
    return url if parts.port is not None or not port else f"{url}:{port}"


def same_address(one: str, other: str) -> bool:
    """Return whether two URLs lead to the same server; all loopback names are equal."""
    return (_host(one), _port(one)) == (_host(other), _port(other))


def seen_from(server: str, url: str, jobs_url: str, known: frozenset[str]) -> str:
    """Return the URL of a registered service for a client that reaches Jobs at `server`.

    `url` and `jobs_url` are the registered URLs of the service and Jobs. Loopback of
    the server is the server's host for others; another host must be in `known`.
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
