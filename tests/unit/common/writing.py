"""Writes entries into a ledger until it is killed; prints the number of each durable one."""

import asyncio
import sys
from pathlib import Path

from ytarchive.common.database import Database
from ytarchive.common.schema import Schema

LEDGER = Schema(package="tests.unit.common.ledger", durable=True)


async def main(path: Path) -> None:
    """Insert 0, 1, 2, … and say so after each commit."""
    async with await Database.open(path, LEDGER) as database:
        for number in range(1_000_000):
            await database.execute("insert_entry", {"name": f"{number:07}", "amount": 1})
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
