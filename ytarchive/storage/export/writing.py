"""Reads exports for a caller, in this process or from a server, and writes bags to folders."""

import asyncio
import fcntl
import hashlib
import os
import secrets
import shutil
import tarfile
from contextlib import ExitStack, suppress
from glob import escape
from io import BufferedWriter
from pathlib import Path, PurePosixPath

from ytarchive.common import filesystem
from ytarchive.common.content import Content, Parts
from ytarchive.common.disk import Space, os_errors, sync, sync_descriptor
from ytarchive.common.errors import Conflict, ContentChanged, DiskFull, IntegrityFailure
from ytarchive.common.identity import IDENTITY_FILE
from ytarchive.storage.export.api import ExportAPI
from ytarchive.storage.export.bags import FOLDER, MANIFEST, PAYLOAD
from ytarchive.storage.export.models import ExportFormat, ExportQuery, WrittenBag

_ATTEMPTS = 5
_CHUNK = 2**20


async def open_export(api: ExportAPI, query: ExportQuery) -> tuple[Content, Parts]:
    """Return an export and its bytes.

    A server answers in two steps. They are repeated if the archive has changed between them.
    """
    for _ in range(_ATTEMPTS - 1):
        content = await api.export(query)
        try:
            return content, await content.open()
        except ContentChanged:
            continue
    content = await api.export(query)
    return content, await content.open()


async def write_bag(api: ExportAPI, query: ExportQuery, folder: Path) -> WrittenBag:
    """Write a bag to a new or empty folder, which has all of it or is not changed.

    Every file is compared with the bag's manifest. Raises Conflict for a folder with files,
    IntegrityFailure, DiskFull or another LocalError.
    """
    await asyncio.to_thread(_require_empty, folder)
    bag = query.model_copy(update={"format": ExportFormat.BAGIT})
    content, parts = await open_export(api, bag)
    async with parts:
        await asyncio.to_thread(_require_space, folder, content.size)
        reading, writing = os.pipe()
        unpacking = asyncio.ensure_future(asyncio.to_thread(_unpack, reading, folder))
        try:
            await _feed(os.fdopen(writing, "wb"), parts)
        finally:
            await asyncio.wait([unpacking])
            failed = unpacking.exception()
    if failed is not None:
        raise failed
    return unpacking.result()


async def _feed(pipe: BufferedWriter, parts: Parts) -> None:
    """Send the bytes to the other end, and close the pipe in any case."""
    with suppress(BrokenPipeError):  # the other end has failed, and its error is raised
        try:
            async for part in parts:
                await asyncio.to_thread(pipe.write, part)
        finally:
            await asyncio.to_thread(pipe.close)


def _require_empty(folder: Path) -> None:
    """Raise Conflict for a folder with files, or in an archive: its copies would be duplicates."""
    with os_errors(folder):
        for parent in (folder, *folder.parents):
            if filesystem.exists(parent / IDENTITY_FILE):
                raise Conflict(f"{folder} is in the archive {parent}: name a folder outside it")
        if filesystem.exists(folder) and any(folder.iterdir()):
            raise Conflict(f"{folder} is not empty: name a new folder for the bag")


def _require_space(folder: Path, size: int) -> None:
    with os_errors(folder):
        space = Space.at(folder, 0)
    if space.is_known and space.free < size:
        raise DiskFull(f"the bag needs {size} bytes, and {folder} has {space.free} bytes free")


def _unpack(reading: int, folder: Path) -> WrittenBag:
    """Unpack a tar file from a pipe to a folder next to `folder`, then rename that."""
    partial = folder.with_name(f".partial-{folder.name}-{secrets.token_hex(4)}")
    with os.fdopen(reading, "rb") as pipe, os_errors(folder), ExitStack() as held:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _remove_interrupted(folder)
            partial.mkdir()
            locked = _locked(partial)
            assert locked is not None  # noqa: S101  # nothing else knows the folder
            held.callback(os.close, locked)
            with tarfile.open(fileobj=pipe, mode="r|") as tar:
                digests = {_name(member): _write(tar, member, partial) for member in tar}
            size = _compare(digests, partial)
            partial.rename(folder)
            sync(folder.parent)
        except tarfile.TarError as error:
            raise IntegrityFailure(f"the bag was not sent completely: {error}") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    payload = [name for name in digests if name.startswith(f"{PAYLOAD}/")]
    return WrittenBag(path=str(folder), files=len(payload), size_bytes=size)


def _remove_interrupted(folder: Path) -> None:
    """Remove what killed exports to the folder have left; a running export locks its own."""
    for partial in folder.parent.glob(f".partial-{escape(folder.name)}-" + "[0-9a-f]" * 8):
        if (descriptor := _locked(partial)) is not None:
            shutil.rmtree(partial, ignore_errors=True)
            os.close(descriptor)


def _locked(partial: Path) -> int | None:
    """Return a descriptor that locks a folder until it is closed; None if another locks it."""
    descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _name(member: tarfile.TarInfo) -> str:
    """Return the name of a file in the bag. Raises IntegrityFailure for an unsafe one."""
    path = PurePosixPath(member.name)
    is_inside = path.parts[:1] == (FOLDER,) and len(path.parts) > 1 and ".." not in path.parts
    if not member.isreg() or not is_inside:
        raise IntegrityFailure(f"{member.name!r} is not a file of a bag: nothing is written")
    return path.relative_to(FOLDER).as_posix()


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, partial: Path) -> str:
    """Write a file, and return its digest."""
    path = partial / _name(member)
    path.parent.mkdir(parents=True, exist_ok=True)
    source, digest = tar.extractfile(member), hashlib.sha256()
    assert source is not None  # noqa: S101  # it is a regular file
    with source, path.open("xb") as file:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.utime(file.fileno(), (member.mtime, member.mtime))
        sync_descriptor(file.fileno(), path)
    return digest.hexdigest()


def _compare(digests: dict[str, str], partial: Path) -> int:
    """Return the bytes of the payload. Raises IntegrityFailure unless it is as in the manifest."""
    lines = (partial / MANIFEST).read_text("utf-8").splitlines()
    payload = {name for name in digests if name.startswith(f"{PAYLOAD}/")}
    named = dict(line.split("  ", 1)[::-1] for line in lines)
    wrong = [name for name, digest in named.items() if digests.get(name) != digest]
    if wrong or payload - set(named):
        shown = (wrong or sorted(payload - set(named)))[0].removeprefix(f"{PAYLOAD}/")
        message = f"the content of {shown} is not the registered one: no bag is written"
        raise IntegrityFailure(f"{message}; `ytarchive verify` repairs damaged files")
    return sum((partial / name).stat().st_size for name in payload)
