"""What scores and tests cost, as a ratio to jiwer in the same process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import combinations

import jiwer

from balto_cli.evaluation import compare_all, normalize, score_corpus, score_pair, wer_interval
from balto_cli.evaluation.mapsswe import mapsswe_of_scores
from testes.bench.report import number, table
from testes.pairs import generated_pairs

PAIRS = 10_000
PROVIDERS = 5
SEGMENTS_A_FILE = 50
ROUNDS = 5


def section() -> tuple[str, str]:
    pairs = generated_pairs(PAIRS, seed=1)
    ((reference, hypothesis),) = generated_pairs(1, words=(10_000, 10_000), seed=2)
    peer_s, own_s, ratio = _against(lambda: _jiwer(pairs), lambda: score_corpus(pairs, normalizer=None))
    long_peer_s, long_s, long_ratio = _against(
        lambda: _jiwer([(reference, hypothesis)]), lambda: score_pair(reference, hypothesis, normalizer=None)
    )
    texts = [text for text, _ in pairs]
    normalize_s = statistics.median(_cpu_s(lambda: [normalize(text) for text in texts]) for _ in range(ROUNDS))
    rows = [
        ("10.000 pares de 20 palavras: contas, alinhamento e CER", _s(own_s), _s(peer_s), number(ratio, 2), "0,50"),
        ("um par de 10.000 palavras: o mesmo", _s(long_s), _s(long_peer_s), number(long_ratio, 2), "3,00"),
        ("normalizar 10.000 frases de 20 palavras", _s(normalize_s), "", "", "1 s"),
        (f"intervalos e testes, 10.000 segmentos, {PROVIDERS} provedores", _s(_tests_s()), "", "", "2 s"),
    ]
    corpus = score_corpus(pairs, normalizer=None)
    notes = (
        f"Tempo de CPU, mediana de {ROUNDS} rodadas em que jiwer e Balto se alternam; "
        f"WER {number(corpus.wer or 0, 3)}. jiwer: `process_words` e `process_characters`, uma chamada para todos os "
        "pares. Textos já normalizados. "
        "Intervalos e testes: o intervalo do WER de cada provedor, todos os pares por arquivo com a correção de Holm e "
        f"MAPSSWE, sobre notas prontas, {SEGMENTS_A_FILE} segmentos por arquivo."
    )
    return "Notas", f"{table(('', 'Balto', 'jiwer', 'razão', 'meta'), rows)}\n\n{notes}"


def _tests_s() -> float:
    names = "abcde"[:PROVIDERS]
    texts = {name: generated_pairs(PAIRS, seed=index) for index, name in enumerate(names)}
    scores = {name: [score_pair(*pair, normalizer=None) for pair in pairs] for name, pairs in texts.items()}
    errors = {name: [score.errors for score in listed] for name, listed in scores.items()}
    words = [score.reference_words for score in scores[names[0]]]
    files = [index // SEGMENTS_A_FILE for index in range(PAIRS)]

    def test_all() -> None:
        for name in names:
            wer_interval(errors[name], words, files)
        compare_all(names, words, errors, files)
        for a, b in combinations(names, 2):
            mapsswe_of_scores(scores[a], scores[b])

    return statistics.median(_cpu_s(test_all) for _ in range(ROUNDS))


def _jiwer(pairs: list[tuple[str, str]]) -> None:
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    jiwer.process_words(*sides)
    jiwer.process_characters(*sides)


def _against(peer: Callable[[], object], own: Callable[[], object]) -> tuple[float, float, float]:
    """CPU seconds of both, and the ratio, medians of rounds that run one after the other."""
    rounds = [(_cpu_s(peer), _cpu_s(own)) for _ in range(ROUNDS)]
    peers, owns = zip(*rounds, strict=True)
    return statistics.median(peers), statistics.median(owns), statistics.median(b / a for a, b in rounds)


def _cpu_s(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _s(seconds: float) -> str:
    return f"{number(seconds, 2 if seconds >= 0.1 else 3)} s"
