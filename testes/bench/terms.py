"""How well medicine names are found: garbled ones, speech without any, and how fast."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence

from balto_cli.terms import catalogue, find_terms, load_terms
from balto_cli.terms.finder import THRESHOLD, own_finder
from testes.bench.report import number, table
from testes.bench.vad import DEFAULT_DATA
from testes.garblings import WAYS, Garbled, garblings

GARBLINGS = 300
TUNING_SEED, KEPT_SEED = 1, 2024
THRESHOLDS = (0.81, 0.83, THRESHOLD, 0.87, 0.89, 0.90)
SEGMENT_WORDS = 20
HOUR_WORDS = 9000


def section() -> tuple[str, str]:
    terms = load_terms()
    common = [term.name for term in terms if term.use == "livre" and term.relevance == 3]
    known = [term.name for term in terms if term.use == "livre" and term.relevance >= 2]
    sets = {
        "mais vendidos": garblings(common, GARBLINGS, KEPT_SEED),
        "vendidos": garblings(known, GARBLINGS, KEPT_SEED),
        "vendidos, do ajuste": garblings(known, GARBLINGS, TUNING_SEED),
    }
    speech = _without_medicines()
    words = sum(len(text.split()) for text in speech)
    head = ("Limiar", *(f"{name}: acha / acerta" for name in sets), "falsos na fala sem remédio")
    rows = []
    for threshold in THRESHOLDS:
        cells = [" / ".join(_share(value) for value in _rates(made, threshold)) for made in sets.values()]
        false = sum(len(find_terms(text, threshold=threshold)) for text in speech)
        name = number(threshold, 2)
        rows.append((f"**{name}** (padrão)" if threshold == THRESHOLD else name, *cells, str(false)))
    kinds = Counter((term.kind, term.use) for term in terms)
    in_context = kinds["principio", "contexto"] + kinds["marca", "contexto"]
    notes = (
        f"{GARBLINGS} nomes estropiados por conjunto, um por frase de balcão, sorteados de uma semente; os dois "
        "primeiros conjuntos não foram usados no ajuste. “Acha”: o nome certo no lugar certo; “acerta”: dos nomes "
        f"achados, os certos. A fala sem remédio são as {words} palavras de referência de `speech`, `speech-real`, "
        f"`vad` e `vad-real` (uma hora tem {number(HOUR_WORDS / words, 1)} vezes isso). Com 0,90 só valem grafia e "
        f"som. Catálogo: {sum(kinds[kind] for kind in kinds if kind[0] == 'principio')} princípios e "
        f"{sum(kinds[kind] for kind in kinds if kind[0] == 'marca')} marcas, {in_context} deles só com contexto."
    )
    return "Nomes de remédios", "\n\n".join(
        [
            table(head, rows),
            notes,
            "Por modo de estropiar, no conjunto “vendidos”:",
            _by_way(sets["vendidos"]),
            _speed(speech),
        ]
    )


def _rates(made: Sequence[Garbled], threshold: float) -> tuple[float, float]:
    """Recall and precision over the places where a name was said."""
    right = heard = 0
    for garbled in made:
        here = [
            term
            for term in find_terms(garbled.text, threshold=threshold)
            if term.start < garbled.end and garbled.start < term.end
        ]
        right += any(term.name == garbled.name for term in here)
        heard += len(here)
    return right / len(made), right / heard


def _by_way(made: Sequence[Garbled]) -> str:
    said: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for garbled in made:
        said.update(set(garbled.how))
        if any(term.name == garbled.name for term in find_terms(garbled.text)):
            found.update(set(garbled.how))
    return table(("Modo", "achados"), [(way, f"{found[way]} de {said[way]}") for way in WAYS if said[way]])


def _speed(speech: Sequence[str]) -> str:
    words = " ".join(speech).split()
    segments = [" ".join(words[at : at + SEGMENT_WORDS]) for at in range(0, len(words), SEGMENT_WORDS)]
    catalogue.load_own_terms.cache_clear()
    own_finder.cache_clear()
    begun_s = time.process_time()
    own_finder()
    built_ms = 1000 * (time.process_time() - begun_s)
    taken_ms = []
    for segment in segments:
        begun_s = time.process_time()
        find_terms(segment)
        taken_ms.append(1000 * (time.process_time() - begun_s))
    quantiles = statistics.quantiles(taken_ms, n=20)
    return (
        f"Carregar o catálogo e montar o índice: {number(built_ms)} ms de CPU (meta: 150). Procurar em "
        f"{SEGMENT_WORDS} palavras: mediana {number(statistics.median(taken_ms), 2)} ms, p95 "
        f"{number(quantiles[-1], 2)} ms (meta: mediana abaixo de 1)."
    )


def _without_medicines() -> list[str]:
    """Every reference text of the practice speech; none of them names a medicine."""
    texts = [
        path.read_text(encoding="utf-8")
        for folder in ("speech", "speech-real")
        for path in sorted((DEFAULT_DATA / folder).glob("*.txt"))
    ]
    for folder in ("vad", "vad-real"):
        labels = json.loads((DEFAULT_DATA / folder / "labels.json").read_text(encoding="utf-8"))
        texts += [said["text"] for mixture in labels.values() for said in mixture["utterances"] if said["text"]]
    return texts


def _share(value: float) -> str:
    return f"{number(100 * value, 1)} %"
