"""`python -m ytarchive`."""


def main() -> None:
    """Run the command line."""
