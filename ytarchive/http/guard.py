"""Access control: browsers on this machine can reach loopback too.

A web page can make a browser send requests to 127.0.0.1, and can point a host name there (DNS
rebinding). So every request is checked first: its Host must be a name of this server, a browser's
headers must not name another origin, and a body must be declared as JSON, which no form can do.
Programs such as curl send no browser headers and are not affected.
"""

import functools
import hmac
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from yarl import URL

from ytarchive.common import errors
from ytarchive.common.config import ServerConfig
from ytarchive.common.hosts import is_loopback

SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "ytarchive",
    "X-Content-Type-Options": "nosniff",
}
"""Sent with every answer. No answer allows another origin to read it (no CORS headers)."""


def require_safe_address(host: str, config: ServerConfig) -> None:
    """Raise InvalidConfiguration if others could reach the server and no token is set."""
    if not is_loopback(host) and not _token(config):
        raise errors.InvalidConfiguration(
            f"server.host {host} can be reached from other machines; "
            "set server.token, or listen on 127.0.0.1"
        )


def _token(config: ServerConfig) -> str:
    return config.token.get_secret_value() if config.token else ""


class Guard:
    """Checks every request before it has any effect, for all methods and paths."""

    def __init__(self, config: ServerConfig) -> None:
        allowed_hosts = {name.lower() for name in config.allowed_hosts}
        self._names = {"localhost", "127.0.0.1", "::1"} | allowed_hosts | {config.host.lower()}
        self._allowed_hosts = allowed_hosts
        self._token = _token(config).encode()

    def check(self, request: web.Request, *, needs_token: bool = True) -> None:
        """Raise ForbiddenHost, ForbiddenOrigin, TokenRequired or UnsupportedMediaType."""
        self._check_host(request)
        self._check_origin(request)
        if needs_token:
            self._check_token(request)
        if request.body_exists and not _is_json(request.content_type):
            raise errors.UnsupportedMediaType

    def _check_host(self, request: web.Request) -> None:
        hosts = request.headers.getall(hdrs.HOST, [])
        name = _host_name(hosts[0]) if len(hosts) == 1 else None
        if name is None or not (name in self._names or name == _own_address(request)):
            raise errors.ForbiddenHost

    def _check_origin(self, request: web.Request) -> None:
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None and site not in {"same-origin", "none"}:
            raise errors.ForbiddenOrigin
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not self._is_own(origin, request):
            raise errors.ForbiddenOrigin

    def _is_own(self, origin: str, request: web.Request) -> bool:
        scheme, _, authority = origin.lower().partition("://")
        if scheme not in {"http", "https"}:
            return False
        return (
            authority == request.headers[hdrs.HOST].lower()
            or _host_name(authority) in self._allowed_hosts
        )

    def _check_token(self, request: web.Request) -> None:
        if not self._token:
            return
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        sent = given.strip().encode("utf-8", "surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(sent, self._token):
            raise errors.TokenRequired


@functools.lru_cache(maxsize=256)
def _host_name(authority: str) -> str | None:
    """Return the name or address in `name[:port]`, in lower case; None if it is neither."""
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port  # raises ValueError for an invalid port
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        return None
    return parts.hostname


def _own_address(request: web.Request) -> str | None:
    """Return the address of this machine at which the connection arrived."""
    transport = request.transport
    name = transport.get_extra_info("sockname") if transport else None
    return str(name[0]) if isinstance(name, tuple) else None


def _is_json(content_type: str) -> bool:
    return content_type == "application/json" or (
        content_type.startswith("application/") and content_type.endswith("+json")
    )


def server_url(host: str, port: int) -> str:
    """Return the URL at which a server that listens on `host` is reached from this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # not bound here
    return str(URL.build(scheme="http", host=reachable, port=port))
