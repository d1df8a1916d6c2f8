"""A run spends no more than it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.base import LANGUAGE
from balto_cli.stt.prices import REAIS_PER_DOLLAR
from balto_cli.stt.resilience.effort import price_brl
from balto_cli.stt.resilience.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Transcriber, Transcript

_ROUNDING_BRL = 1e-9


class Purse:
    """What a run may spend, shared by all of its providers, and what it has spent."""

    def __init__(self, limit_brl: float, spent_brl: float = 0.0) -> None:
        """`spent_brl` is what an interrupted run had spent before it went on."""
        self.limit_brl, self.spent_brl = limit_brl, spent_brl
        self._reserved_brl = 0.0

    def reserve(self, cost_brl: float) -> None:
        """Set the cost of an attempt aside. Raises `ProviderError` where it might go over the limit."""
        if self.spent_brl + self._reserved_brl + cost_brl > self.limit_brl + _ROUNDING_BRL:
            limit = f"{self.limit_brl:.2f}".replace(".", ",")
            raise ProviderError(
                f"O orçamento de R$ {limit} não dá para esta chamada: aumente-o para transcrever o resto.",
                kind=Failure.BUDGET,
                attempts=0,
            )
        self._reserved_brl += cost_brl

    def settle(self, reserved_brl: float, spent_brl: float) -> None:
        """Replace what was set aside by what was spent."""
        self._reserved_brl -= reserved_brl
        self.spent_brl += spent_brl


class Budget(Wrapper):
    """A provider that is not asked for what the purse cannot pay.

    It stands around one attempt: a retry after a try that is perhaps billed is a second payment and is reserved as
    such, so that the limit holds whatever fails. A provider without a price goes on.
    """

    def __init__(self, inner: Transcriber, purse: Purse, *, reais_per_dollar: float = REAIS_PER_DOLLAR) -> None:
        super().__init__(inner)
        self._purse, self._reais_per_dollar = purse, reais_per_dollar

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Reserve, ask, settle; an attempt that is cancelled counts as paid."""
        reserved_brl = spent_brl = price_brl(self._inner, audio, terms, self._reais_per_dollar)
        if reserved_brl == 0.0:
            return await self._inner.transcribe(audio, language=language, terms=terms)
        self._purse.reserve(reserved_brl)
        try:
            transcript = await self._inner.transcribe(audio, language=language, terms=terms)
            spent_brl = transcript.cost_brl + transcript.lost_brl
        except ProviderError as error:
            spent_brl = error.cost_brl
            raise
        finally:
            self._purse.settle(reserved_brl, spent_brl)
        return transcript
