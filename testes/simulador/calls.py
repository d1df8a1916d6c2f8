"""What was asked of the stand-ins, so that tests can count: never a key, never a header."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_KEPT = 10_000


@dataclass(slots=True)
class CallRecord:
    """One request."""

    provedor: str
    etapa: str
    metodo: str
    caminho: str
    inicio_s: float
    """Of the process's monotonic clock."""
    tipo_conteudo: str = ""
    conteudo: str = ""
    """SHA-256 of the audio, as it was sent or as it was uploaded before."""
    bytes: int = 0
    campos: dict[str, Any] = field(default_factory=dict)
    """Form fields, query and JSON body; a field that comes several times is a list."""
    falha: str | None = None
    resultado: str = "em andamento"
    """`ok`, `recusada` (the stand-in's own rules), `falha` (on demand) or `desconectado`."""
    estado: int | None = None
    """HTTP status."""
    fim_s: float | None = None


class CallLog:
    """The last requests, and counts of all of them."""

    def __init__(self) -> None:
        self._records: deque[CallRecord] = deque(maxlen=MAX_KEPT)
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight: Counter[str] = Counter()

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(tuple(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def of(self, provider: str, stage: str | None = None) -> list[CallRecord]:
        """Requests of one provider, at one stage of it."""
        return [record for record in self if record.provedor == provider and stage in (None, record.etapa)]

    def open(self, record: CallRecord) -> CallRecord:
        """Note a request that has begun."""
        self._records.append(record)
        provider = record.provedor
        self.in_flight[provider] += 1
        self.most_in_flight[provider] = max(self.most_in_flight[provider], self.in_flight[provider])
        return record

    def close(self, record: CallRecord) -> None:
        """Note that it has ended."""
        record.fim_s = time.monotonic()
        self.in_flight[record.provedor] -= 1
        self.counts[record.provedor, record.etapa, record.resultado] += 1

    def reset(self) -> None:
        """Forget the requests that have ended."""
        kept = [record for record in self._records if record.fim_s is None]
        self._records.clear()
        self._records.extend(kept)
        self.counts.clear()
        self.most_in_flight = Counter(self.in_flight)

    def as_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {
            "chamadas": [asdict(record) for record in self],
            "contagem": [
                {"provedor": provider, "etapa": stage, "resultado": result, "vezes": times}
                for (provider, stage, result), times in sorted(self.counts.items())
            ],
            "mais_em_voo": dict(self.most_in_flight),
        }
