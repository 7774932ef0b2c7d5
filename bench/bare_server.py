"""The peer of row 11: aiohttp with one handler that returns the bytes of a file."""

import sys
from pathlib import Path

from aiohttp import web


def main() -> None:
    """Serve FILE at / on PORT of loopback, until a signal."""
    body, port = Path(sys.argv[1]).read_bytes(), int(sys.argv[2])

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/", answer)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()
