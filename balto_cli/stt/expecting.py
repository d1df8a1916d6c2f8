"""A provider that is told which words to expect: the medicine names of the catalogue, as many as it takes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from balto_cli.stt.base import LANGUAGE
from balto_cli.stt.resilience.wrapper import Wrapper
from balto_cli.terms import keyterms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Capabilities, Transcriber, Transcript


class Expecting(Wrapper):
    """Adds its own terms, after those of the call, to every call; they are part of its identity and of its price."""

    def __init__(self, inner: Transcriber, terms: Sequence[str]) -> None:
        super().__init__(inner)
        self._terms = tuple(terms)

    @property
    def capabilities(self) -> Capabilities:
        """Of the wrapped provider, at the price that terms cost."""
        inner = self._inner.capabilities
        return replace(inner, usd_per_hour=inner.price_usd_per_hour(self._terms), keyterms_usd_per_hour=0.0)

    @property
    def identity(self) -> dict[str, str]:
        """Of the wrapped provider, with the terms: they change what it hears."""
        digest = hashlib.sha256("\n".join(self._terms).encode()).hexdigest()[:16]
        return {**self._inner.identity, "terms": f"{len(self._terms)} {digest}"}

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """See `Transcriber.transcribe`."""
        return await self._inner.transcribe(audio, language=language, terms=(*terms, *self._terms))


def expecting_medicines(provider: Transcriber) -> Transcriber:
    """Tell a provider that takes terms to expect medicine names, the most useful ones first; leave others as is."""
    wanted = keyterms(provider.capabilities.keyterms)
    return Expecting(provider, wanted) if wanted else provider
