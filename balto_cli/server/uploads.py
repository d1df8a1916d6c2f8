"""An uploaded recording, streamed to disk: bounded, whatever the sender claims, and gone afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from balto_cli.server.errors import RestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FOLDER = "envios"
"""Where uploads lie while they are worked on, in the data folder."""
MAX_BYTES = 32 * 1024 * 1024
_MAX_FIELD_BYTES = 1_000
_MAX_PARTS = 10
_SLOW_S = 60.0
"""A sender that gives nothing for this long is gone."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A form that was received: its recording on disk, and its other fields."""

    path: Path
    fields: dict[str, str]


@contextlib.asynccontextmanager
async def received(request: web.Request, folder: Path) -> AsyncIterator[Upload]:
    """Receive a multipart form with one file `audio` into `folder`, for as long as this lasts.

    Raises `RestError` with 400, 413, 415 or 422; OSError where the disk takes no more.
    """
    if request.content_type != "multipart/form-data":
        raise RestError(415, "tipo_invalido", "Mande o áudio como multipart/form-data, no campo audio.")
    if (request.content_length or 0) > MAX_BYTES + 64 * 1024:
        raise _too_large()
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    temporary = await asyncio.to_thread(tempfile.mkdtemp, dir=folder)
    path = Path(temporary) / "audio"
    try:
        yield await _read_form(request, path)
    finally:
        await asyncio.to_thread(_remove, path)


async def clear(folder: Path) -> None:
    """Delete what a killed server left in its folder of uploads: recordings of people."""
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _read_form(request: web.Request, path: Path) -> Upload:
    fields: dict[str, str] = {}
    found = False
    try:
        reader = await request.multipart()
        for _ in range(_MAX_PARTS):
            part = await asyncio.wait_for(reader.next(), _SLOW_S)
            if part is None:
                break
            if not isinstance(part, BodyPartReader):
                raise RestError(400, "pedido_invalido", "O formulário tem partes dentro de partes.")
            if part.name == "audio" and not found:
                found = True
                await _save(part, path)
            else:
                await _read_field(part, fields)
        else:
            raise RestError(400, "pedido_invalido", "O formulário tem partes demais.")
    except TimeoutError:
        raise RestError(400, "pedido_invalido", "O envio parou no meio.") from None
    except (RestError, OSError):
        raise
    # aiohttp answers a torn or malformed form with whatever its parser stumbles over.
    except (HttpProcessingError, ValueError, RuntimeError, AssertionError, LookupError, TypeError, web.HTTPException):
        raise RestError(400, "pedido_invalido", "O formulário está malformado ou incompleto.") from None
    if not found:
        raise RestError(422, "campo_invalido", "Falta o campo audio.")
    return Upload(path, fields)


async def _save(part: BodyPartReader, path: Path) -> None:
    file: IO[bytes] = await asyncio.to_thread(path.open, "wb")
    try:
        size = 0
        while chunk := await asyncio.wait_for(part.read_chunk(256 * 1024), _SLOW_S):
            size += len(chunk)
            if size > MAX_BYTES:
                raise _too_large()
            await asyncio.to_thread(file.write, chunk)
    finally:
        await asyncio.to_thread(file.close)


async def _read_field(part: BodyPartReader, fields: dict[str, str]) -> None:
    data = bytearray()
    while chunk := await asyncio.wait_for(part.read_chunk(), _SLOW_S):
        data += chunk
        if len(data) > _MAX_FIELD_BYTES:
            raise RestError(413, "corpo_grande", "Um campo do formulário é grande demais.")
    if part.name:
        fields[part.name] = data.decode("utf-8", "replace")


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()


def _too_large() -> RestError:
    return RestError(413, "corpo_grande", f"O arquivo passa de {MAX_BYTES // 1024 // 1024} MB.")
