"""Checks a version of yt-dlp without the network: `python -m ytarchive.ytdlp.worker.smoke`.

The exit code is 0 if the version can be loaded, passes the guard of requests, and reports an
extraction and a listing without a network as network failures. Otherwise standard error has the
reason.
"""

import sys
import tempfile
from pathlib import Path

from ytarchive.common.errors import NetworkFailure
from ytarchive.ytdlp.options import WorkerConfig


def check(folder: Path) -> str | None:
    """Return the problem of the installed version; None if it can be used."""
    try:
        from ytarchive.ytdlp.worker.session import (  # noqa: PLC0415  # an import error is a result
            ExtractorSession,
        )

        session = ExtractorSession(WorkerConfig(info_dir=folder, cache_dir=folder))
    except Exception as error:  # any error shows that the version cannot be used
        return f"it cannot be loaded: {type(error).__name__}: {error}"
    for name, work in session.rehearsals().items():
        try:
            work()
        except Exception as error:  # classified below
            found = session.classify(error)
            if not isinstance(found, NetworkFailure):
                return f"{name} without a network fails unexpectedly: {found.message}"
        else:
            return f"{name} without a network reports no failure"
    return None


def main() -> int:
    """Print the problem, if there is one."""
    with tempfile.TemporaryDirectory() as folder:
        problem = check(Path(folder))
    if problem is not None:
        print(problem, file=sys.stderr)  # noqa: T201  # the result for the calling process
    return problem is not None


if __name__ == "__main__":
    sys.exit(main())
