"""Takes a multipart body apart as it comes: fields by name, the sound on its way to its spool."""

from __future__ import annotations

import re

from python_multipart.multipart import MultipartParser, parse_options_header

from testes.simulador.sounds import Body, Sound, UnreadableError

_OPTION = re.compile(rb';\s*(name|filename)="([^"]*)"')


class FormReader:
    """Feeds on chunks of the body; `body` is complete once `finish` was called."""

    def __init__(self, boundary: bytes, *, part: str, limit: int, keep: bool) -> None:
        """Take the part of that name for the sound; of more than `limit` bytes of it only a little more is taken."""
        self.body = Body()
        self._part = part
        self._limit = limit
        self._keep = keep
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._value = bytearray()
        self._sound: Sound | None = None
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes. Raises `ValueError` for what is no multipart body."""
        self._parser.write(chunk)

    def finish(self) -> Body:
        """The body. Raises `UnreadableError` where its end is missing."""
        if not self._ended:
            raise UnreadableError("the last boundary is missing")
        return self.body

    def close(self) -> None:
        """Let go of a body that nobody will take."""
        for sound in (self._sound, self.body.sound):
            if sound is not None:
                sound.close()

    def _on_part_begin(self) -> None:
        self._headers = {}
        self._value = bytearray()
        self._sound = None

    def _on_header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _on_headers_finished(self) -> None:
        options = _options(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        if filename is None and self._name != self._part:
            return
        self._sound = Sound(
            keep=self._keep and self._name == self._part,
            filename=(filename or b"").decode("utf-8", "replace"),
            content_type=self._headers.get(b"content-type", b"").decode("latin-1"),
        )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._sound is None:
            self._value += data[start:end]
        elif self._sound.size <= self._limit:
            self._sound.write(data[start:end])

    def _on_part_end(self) -> None:
        if self._sound is None:
            self.body.fields.setdefault(self._name, []).append(self._value.decode("utf-8", "replace"))
        elif self._name == self._part:
            self.body.sound = self._sound
            self._sound = None

    def _on_end(self) -> None:
        self._ended = True


def _options(disposition: bytes) -> dict[bytes, bytes]:
    """Name and filename of a part; the general parser takes 0.1 ms, too much for a thousand keyterms a call."""
    if b"*" in disposition or b"\\" in disposition:
        return parse_options_header(disposition)[1]
    return dict(_OPTION.findall(disposition))
