"""Faults on demand: queued by a test, asked for by a header, or drawn with a seed."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from dataclasses import dataclass

from testes.simulador.options import Options, rate_of

HEADER = "x-simulador-falha"
REFUSALS = ("401", "402", "429", "429-retry-after", "500", "502-html", "503")
"""The provider says no, with a status."""
SPOILT = ("lento", "reset", "json-truncado", "forma-errada")
"""The answer is there and goes wrong on its way."""
WORDING = ("vazio", "repetido")
"""A well-formed answer whose text is not what was said; only where a request gives a text."""
JOB = ("erro-do-trabalho",)
"""An asynchronous job that ends with `status: error`; only where a request asks for its result."""
KINDS = (*REFUSALS, "trava", *SPOILT, *WORDING, *JOB)


class UnknownFaultError(ValueError):
    """No such kind of fault."""


def check_kind(kind: str) -> str:
    """The kind itself. Raises `UnknownFaultError`."""
    if kind not in KINDS:
        raise UnknownFaultError(f"Não há falha “{kind}”: há {', '.join(KINDS)}.")
    return kind


@dataclass(slots=True)
class _Queued:
    kind: str
    stage: str | None
    times: int


def draw(*parts: object) -> float:
    """A number from 0 up to 1 that depends on `parts` alone."""
    digest = hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class FaultDesk:
    """Says which fault, if any, the next request gets."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._queues: dict[str, deque[_Queued]] = {}
        self._tries: Counter[tuple[str, str, str]] = Counter()

    def queue(self, provider: str, kind: str, *, times: int = 1, stage: str | None = None) -> None:
        """Let the next `times` requests of a provider (at one stage of it: `upload`, `criar`, `consulta`) fail."""
        self._queues.setdefault(provider, deque()).append(_Queued(check_kind(kind), stage, times))

    def reset(self) -> None:
        """Forget what is queued and how often which content was sent."""
        self._queues.clear()
        self._tries.clear()

    def take(
        self,
        provider: str,
        stage: str,
        content: str,
        *,
        asked: str | None,
        gives_text: bool,
        ends_job: bool,
        rolls: int,
    ) -> str | None:
        """The fault of one request, None for none.

        `asked` is the header; `content` the hash of what was sent; `rolls` among how many requests of a call the
        seeded share is spread (0: this request is not among them).
        """

        def fits(kind: str) -> bool:
            return (kind not in WORDING or gives_text) and (kind not in JOB or ends_job)

        if asked is not None:
            return check_kind(asked) if fits(asked) else None
        for waiting in self._queues.get(provider, ()):
            if fits(waiting.kind) and waiting.stage in (None, stage):
                waiting.times -= 1
                if waiting.times <= 0:
                    self._queues[provider].remove(waiting)
                return waiting.kind
        share = rate_of(self._options.falhas, provider)
        kinds = [kind for kind in self._options.tipos if fits(kind)]
        if not share or not rolls or not kinds:
            return None
        place = (provider, stage, content)
        self._tries[place] += 1
        parts = (self._options.semente, *place, self._tries[place])
        if draw("falha", *parts) >= 1 - (1 - share) ** (1 / rolls):
            return None
        return kinds[int(draw("tipo", *parts) * len(kinds))]
