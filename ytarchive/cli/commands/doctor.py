"""`ytarchive doctor`."""

import click
from rich.console import RenderableType
from rich.text import Text

from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, cell
from ytarchive.cli.session import chosen, read_given, run_to_end
from ytarchive.cli.tables import Facts
from ytarchive.common.config import usable_settings
from ytarchive.logging import Console, configure_logging
from ytarchive.maintenance import Diagnosis, Verdict
from ytarchive.offline import diagnose

_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


@click.command(cls=Command)
def doctor() -> int:
    """Check the installation, settings, network and disk.

    A running server checks itself. The exit code is 1 if something fails.
    """
    options = chosen()
    settings, problems = usable_settings(read_given(options))
    out = Output(as_json=options.json)
    configure_logging("WARNING", console=Console.WARNINGS)

    async def examine() -> int:
        diagnosis = await diagnose(settings, problems, options.server)
        out.show(diagnosis, _table)
        return 0 if diagnosis.ok else 1

    return run_to_end(examine()) or 0


def _table(diagnosis: Diagnosis) -> RenderableType:
    width = max((len(check.verdict) for check in diagnosis.checks), default=0)
    rows = []
    for check in diagnosis.checks:
        verdict = cell(f"{check.verdict:<{width}}", _STYLES[check.verdict])
        rows.append((Text.assemble(verdict, "  ", cell(check.name, "bold")), cell(check.message)))
        if check.remedy:
            rows.append((Text(), cell(check.remedy)))
    return Facts(rows)
