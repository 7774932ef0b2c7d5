"""Where a download is meant to end up, checked as text; Storage resolves links as well."""

from pathlib import Path

from ytarchive.common.errors import PathOutsideArchive


def check_output_path(output_path: str, base: Path) -> None:
    """Raises PathOutsideArchive unless the path is relative, or absolute below `base`."""
    path = Path(output_path)
    inside = not path.is_absolute() or any(
        path.is_relative_to(root) for root in (base, base.resolve())
    )
    if not inside or ".." in path.parts or "\0" in output_path:
        raise PathOutsideArchive(f"{output_path[:200]!r} leads out of the archive")
