"""Reads what a client sends, as a stream and to its end: whoever is still sending would not see an early answer."""

from __future__ import annotations

import json

from aiohttp import web
from python_multipart.multipart import parse_options_header

from testes.simulador.forms import FormReader
from testes.simulador.sounds import Body, Sound, TooLargeError, UnreadableError


async def read_multipart(request: web.Request, *, part: str, limit: int, keep: bool) -> Body:
    """Form fields, and the sound in the part of that name.

    Raises `UnreadableError` and `TooLargeError`.
    """
    _, options = parse_options_header(request.headers.get("Content-Type", ""))
    problem = None if b"boundary" in options else "multipart/form-data with a boundary expected"
    reader = FormReader(options.get(b"boundary", b"-"), part=part, limit=limit, keep=keep)
    try:
        async for chunk in request.content.iter_any():
            try:
                if problem is None:
                    reader.feed(chunk)
            except ValueError as error:
                problem = str(error)
        if problem is not None:
            raise UnreadableError(problem)
        body = reader.finish()
        if body.sound is not None and body.sound.size > limit:
            raise TooLargeError
    except BaseException:
        reader.close()
        raise
    return body


async def read_raw(request: web.Request, *, limit: int, keep: bool) -> Body:
    """The whole body as sound. Raises `TooLargeError`."""
    sound = Sound(keep=keep, content_type=request.content_type)
    try:
        async for chunk in request.content.iter_any():
            if sound.size <= limit:
                sound.write(chunk)
        if sound.size > limit:
            raise TooLargeError
    except BaseException:
        sound.close()
        raise
    return Body(sound=sound)


async def read_json(request: web.Request) -> Body:
    """A JSON body. Raises `UnreadableError`."""
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
    try:
        return Body(data=json.loads(raw))
    except ValueError as error:
        raise UnreadableError(str(error)) from None
