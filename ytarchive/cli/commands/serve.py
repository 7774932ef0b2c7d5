"""`ytarchive serve`."""

import asyncio

import click

from ytarchive.cli.options import Command
from ytarchive.cli.params import names
from ytarchive.cli.session import chosen, failure, read_settings, when_free
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.services import ServiceName
from ytarchive.serving import serve as run_server


@click.command(cls=Command)
@click.option("--host", metavar="ADDRESS", help="Address to listen on; default 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default 8000; 0: any free port.")
@click.option(
    "--separate-ports", is_flag=True, help="Use a separate port for each service: 8000 to 8004."
)
@click.option(
    "--services", type=names(ServiceName), metavar="NAMES", default=",".join(ServiceName),
    help="Services to run, separated by commas; set the URLs of the others: `services.<name>`.",
)  # fmt: skip
def serve(host: str | None, port: int | None, separate_ports: bool, services: list[str]) -> None:
    """Run the server with its HTTP API.

    It runs until SIGTERM or Ctrl-C.
    """
    given = {"host": host, "port": port, "log_level": "DEBUG" if chosen().verbose else None}
    server = {name: value for name, value in given.items() if value is not None}
    settings = read_settings(chosen(), **({"server": server} if server else {}))
    wanted = [ServiceName(name) for name in services]
    try:
        asyncio.run(when_free(lambda: run_server(settings, wanted, separate_ports=separate_ports)))
    except YTArchiveError as error:
        raise failure(error) from None
