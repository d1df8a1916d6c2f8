"""Several providers as one: the first that answers, in a stated order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from balto_cli.errors import ProviderError
from balto_cli.stt.base import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Capabilities, Transcriber, Transcript


class Failover:
    """A `Transcriber` that goes to the next provider when one fails.

    It goes on after every kind of failure: audio that one provider cannot read, or that is too long for it, may suit
    the next. Each provider has its own limits, retries and price; what a failed one may have cost counts as lost.
    """

    def __init__(self, providers: Sequence[Transcriber]) -> None:
        """`providers` in order of preference, at least one."""
        self._providers = tuple(providers)

    @property
    def providers(self) -> tuple[Transcriber, ...]:
        """In order of preference."""
        return self._providers

    @property
    def name(self) -> str:
        """All of them in their order: `ElevenLabs > Deepgram`."""
        return " > ".join(provider.name for provider in self._providers)

    @property
    def capabilities(self) -> Capabilities:
        """Of the preferred one."""
        return self._providers[0].capabilities

    @property
    def identity(self) -> dict[str, str]:
        """Of all of them; a stored answer belongs below, under the identity of the one that gave it."""
        return {
            f"{place}.{option}": value
            for place, provider in enumerate(self._providers, start=1)
            for option, value in provider.identity.items()
        }

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Ask one after the other; `Transcript.provider` is the name of the one that answered."""
        failures: list[tuple[str, ProviderError]] = []
        for provider in self._providers:
            try:
                transcript = await provider.transcribe(audio, language=language, terms=terms)
            except ProviderError as error:
                failures.append((provider.name, error))
                continue
            return replace(
                transcript,
                provider=provider.name,
                attempts=transcript.attempts + sum(error.attempts for _, error in failures),
                lost_brl=transcript.lost_brl + sum(error.cost_brl for _, error in failures),
            )
        if len(failures) == 1:
            raise failures[0][1]
        reasons = "; ".join(f"{name}: {str(error).rstrip('.')}" for name, error in failures)
        raise ProviderError(
            f"Nenhum provedor respondeu ({reasons}).",
            kind=failures[-1][1].kind,
            perhaps_billed=any(error.perhaps_billed for _, error in failures),
            attempts=sum(error.attempts for _, error in failures),
            cost_brl=sum(error.cost_brl for _, error in failures),
        )

    async def aclose(self) -> None:
        """Close all of them."""
        for provider in self._providers:
            await provider.aclose()
