"""Python imports this at its start: resolves YouTube's names to a port of this machine.

YOUTUBE_PORT names a file with that port; while the file is empty, the names cannot be resolved. The
program under test does not know this module.
"""

import os
import socket
from pathlib import Path
from typing import Any

_YOUTUBE = (".youtube.com", ".googlevideo.com", ".ytimg.com", ".ggpht.com")
_resolve = socket.getaddrinfo


def _getaddrinfo(host: Any, port: Any, *given: Any, **named: Any) -> Any:
    if not str(host).endswith(_YOUTUBE):
        return _resolve(host, port, *given, **named)
    found = Path(os.environ["YOUTUBE_PORT"]).read_text("ascii")
    if not found:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return _resolve("127.0.0.1", int(found), *given, **named)


socket.getaddrinfo = _getaddrinfo
