"""The files of marks, and their rows."""

from pathlib import Path
from typing import Any

from ytarchive.common.errors import FileFailure
from ytarchive.common.json_text import stored_json
from ytarchive.storage.marks.models import MarkedVideo
from ytarchive.storage.store import files


def read_marks(path: Path) -> MarkedVideo:
    """Return the marks in a file. Blocks. Raises NotFound, or FileFailure if it is damaged."""
    content = files.read(path)
    try:
        marked = MarkedVideo.model_validate(stored_json(content))
    except ValueError:
        raise FileFailure(f"{path} has no marks that can be read") from None
    if path.stem != marked.video_id:
        raise FileFailure(f"{path} is not named after its video, {marked.video_id}")
    return marked


def marks_row(marked: MarkedVideo) -> dict[str, Any]:
    """Return the row of a video's marks."""
    return marked.model_dump()
