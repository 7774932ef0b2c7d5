"""`python -m ytarchive`, and what the installed `ytarchive` runs."""

import sys

from ytarchive.cli.root import run


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run())


if __name__ == "__main__":
    main()
