"""Whether a server heard of a recording what the offline commands hear: segment by segment, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EDGE_S = 0.005
"""Edges are told in hundredths of a second."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment as one of the two told of it."""

    start_s: float
    end_s: float
    state: str | None
    """`ok`, `vazia`, `falha`; None where there was no answer."""
    text: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FileParity:
    """One recording heard twice."""

    name: str
    problem: str
    """Why it could not be compared, one sentence; empty if it was."""
    offline: int
    """Segments found offline."""
    live: int
    """Segments found by the server."""
    same_texts: int
    """Of segments that both found, those whose text is the same; it is not when the providers differ."""
    differences: tuple[str, ...]
    """Sentences in order of time; empty where both heard the same."""

    @property
    def is_same(self) -> bool:
        """Whether it was compared, and nothing differs."""
        return not self.problem and not self.differences


@dataclass(frozen=True, slots=True)
class Parity:
    """All recordings of one command."""

    files: tuple[FileParity, ...]
    providers: tuple[str, ...] = field(default=())
    """Those that answered at the server."""

    @property
    def is_same(self) -> bool:
        """Whether live and offline heard the same everywhere."""
        return all(file.is_same for file in self.files)

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {
            "igual": self.is_same,
            "provedores_do_servidor": list(self.providers),
            "arquivos": [
                {
                    "arquivo": file.name,
                    "igual": file.is_same,
                    "problema": file.problem,
                    "segmentos_offline": file.offline,
                    "segmentos_ao_vivo": file.live,
                    "textos_iguais": file.same_texts,
                    "diferencas": list(file.differences),
                }
                for file in self.files
            ],
        }


def compare_heard(name: str, offline: Sequence[Piece], live: Sequence[Piece]) -> FileParity:
    """Compare the segments of one recording, both in order of time: same number, same edges, same states of text."""
    differences: list[str] = []
    same_texts = 0
    for number, here, there in _paired(offline, live):
        if here is None and there is not None:
            differences.append(f"só no servidor: um trecho {_span(there)}")
        elif there is None and here is not None:
            differences.append(f"trecho {number} ({_span(here)}): o servidor não o cortou")
        elif here is not None and there is not None:
            same_texts += here.text == there.text
            if abs(here.start_s - there.start_s) > _EDGE_S or abs(here.end_s - there.end_s) > _EDGE_S:
                differences.append(f"trecho {number} ({_span(here)}): no servidor vai {_span(there)}")
            if here.state != there.state:
                differences.append(
                    f"trecho {number} ({_span(here)}): texto {_state(here)}, no servidor {_state(there)}"
                )
    return FileParity(name, "", len(offline), len(live), same_texts, tuple(differences))


def uncompared(name: str, problem: str) -> FileParity:
    """A recording that one of the two could not hear."""
    return FileParity(name, problem, 0, 0, 0, ())


def parity_lines(parity: Parity) -> Iterator[str]:
    """What differs, and a summary, for a person."""
    for file in parity.files:
        if file.problem:
            yield f"{file.name}: não comparado, {file.problem}"
        elif file.differences:
            if file.offline != file.live:
                yield f"{file.name}: {file.offline} trechos aqui, {file.live} no servidor"
            yield from (f"{file.name}: {difference}" for difference in file.differences)
    segments = sum(file.offline for file in parity.files)
    texts = sum(file.same_texts for file in parity.files)
    by = f" (no servidor: {', '.join(parity.providers)})" if parity.providers else ""
    if parity.is_same:
        yield f"Ao vivo igual a offline: {len(parity.files)} gravações, {segments} trechos; textos iguais: {texts}{by}."
    else:
        same = sum(file.is_same for file in parity.files)
        yield (
            f"Ao vivo difere de offline: {same} de {len(parity.files)} gravações iguais; textos iguais: {texts} de "
            f"{segments}{by}."
        )
        yield "Se os cortes diferem, confira se o servidor usa o mesmo perfil (--perfil) e a mesma versão do Balto."


def _paired(offline: Sequence[Piece], live: Sequence[Piece]) -> Iterator[tuple[int, Piece | None, Piece | None]]:
    """Segments of both that are the same stretch of sound: those that share most of the shorter one.

    Each with its number where it was found: offline, or else by the server.
    """
    here, there = 0, 0
    while here < len(offline) and there < len(live):
        one, other = offline[here], live[there]
        if _shared_s(one, other) > 0.5 * min(one.end_s - one.start_s, other.end_s - other.start_s):
            yield here + 1, one, other
            here, there = here + 1, there + 1
        elif one.end_s <= other.end_s:
            yield here + 1, one, None
            here += 1
        else:
            yield there + 1, None, other
            there += 1
    for number, one in enumerate(offline[here:], here + 1):
        yield number, one, None
    for number, other in enumerate(live[there:], there + 1):
        yield number, None, other


def _shared_s(one: Piece, other: Piece) -> float:
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s)


def _state(piece: Piece) -> str:
    state = piece.state or "sem resposta"
    return f"{state} ({piece.reason})" if piece.reason else state


def _span(piece: Piece) -> str:
    return f"de {piece.start_s:.2f} a {piece.end_s:.2f} s".replace(".", ",")
