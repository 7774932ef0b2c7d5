"""The kinds of values that settings have, beyond what pydantic knows."""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, SecretStr


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_split)]
"""A list; in an environment variable `a,b` does as well as `["a", "b"]`."""


def _named(path: Any) -> Any:
    """An empty path would be the current folder, which nobody means."""
    if path == "":
        raise ValueError("must not be empty")
    return path


def _resolved(path: Path) -> Path:
    """Resolve `~` and a relative path once; after that, no component expands anything."""
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError("begins with ~, and there is no home folder; give it in full") from None


UserPath = Annotated[Path, BeforeValidator(_named), AfterValidator(_resolved)]


def _token(secret: SecretStr) -> SecretStr:
    """Only what YouTube's tokens consist of; the message does not repeat the secret."""
    if not re.fullmatch(r"[\w.+=%|-]+", secret.get_secret_value(), re.ASCII):
        raise ValueError("must be of letters, digits and . _ - + = % | only")
    return secret


Token = Annotated[SecretStr, AfterValidator(_token)]
Tokens = Annotated[list[Token], BeforeValidator(_split)]


def secret_from(variable: str) -> SecretStr | None:
    """A secret that another program's environment variable holds."""
    value = os.environ.get(variable, "").strip()
    return SecretStr(value) if value else None
