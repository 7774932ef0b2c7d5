"""Entry point of `python -m ytarchive` and of the installed `ytarchive`."""

import atexit
import os
import sys
import time
from contextlib import suppress
from datetime import datetime


def main() -> None:
    """Run the command line and exit with its code."""
    code = 1
    with suppress(KeyboardInterrupt):
        _open_closed_streams()
        _use_possible_time_zone()
        from ytarchive.cli.root import run  # noqa: PLC0415  # Ctrl-C may come while it is loaded

        code = run()
    # Python notes an interrupt that leaves `exec` of source text, which dataclasses use, and then
    # ends `python -m` by the signal although the interrupt was handled. `exec` clears the note.
    exec("")  # noqa: S102  # no code of others
    _keep_code(code)
    sys.exit(code)


def _keep_code(code: int) -> None:
    """Ignore interrupts while Python ends, because the command is done.

    Python removes its own handlers at the end of its shutdown, which takes a tenth of a second.
    """
    import signal  # noqa: PLC0415  # loaded by then; at the top it would delay the first lines

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(code))
        atexit.register(signal.signal, number, signal.SIG_IGN)


def _open_closed_streams() -> None:
    """Open the standard streams that the caller closed, on the null device.

    Otherwise the next file that is opened, such as a database, would get the stream's number, and
    the output of a program would be written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # a descriptor, open to the end


def _use_possible_time_zone() -> None:
    """Use UTC where `TZ` is a day or more away from it, which Python cannot represent."""
    try:
        datetime.now().astimezone()
    except ValueError:
        os.environ["TZ"] = "UTC"
        time.tzset()


if __name__ == "__main__":
    main()
