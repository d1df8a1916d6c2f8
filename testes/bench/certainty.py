"""How often the intervals of a word error rate hold the truth, and how often equal providers are called different."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import stdtrit

from balto_cli.evaluation import compare_systems, wer_interval
from testes.bench.report import number, table
from testes.simulation import Simulated, simulate

TRIALS = 2000
RESAMPLES = 400
WER = 0.15
SETTINGS = {"0,5, iguais": (0.5, False), "0,5, desiguais": (0.5, True), "0,8, desiguais": (0.8, True)}
"""Spread of the files' difficulty, and whether files differ in length."""
FILES = (5, 10, 20, 50)

Limits = tuple[np.ndarray, np.ndarray]


def section() -> tuple[str, str]:
    head = ("Arquivos", "Dificuldade", *METHODS, "iguais dadas por diferentes: falas", "**iguais: Balto**")
    rows = []
    for files in FILES:
        for label, (spread, uneven) in SETTINGS.items():
            drawn = simulate(files, (WER, WER), trials=TRIALS, spread=spread, own=0.3, uneven=uneven, seed=files)
            covered = [_covered(method(drawn)) for method in METHODS.values()]
            called = (_called_by_utterances(drawn), _called_by_files(drawn))
            rows.append((str(files), label, *(f"{number(100 * share, 1)} %" for share in (*covered, *called))))
    notes = (
        f"{TRIALS} sorteios por linha de dois provedores com WER {number(WER, 2)}; a dificuldade do arquivo é "
        "log-normal com o desvio dito, mais 0,3 só de cada provedor, e vale para todos os seus segmentos (20 por "
        "arquivo, ou de 5 a 40). As colunas dizem quantas vezes o intervalo de 95 % contém o WER verdadeiro, e "
        "quantas vezes dois provedores iguais são dados por diferentes. Meta: 90 % com 20 arquivos, 92,5 % com 50, "
        "no máximo 7 % de falsos vencedores."
    )
    return "Certeza", f"{table(head, rows)}\n\n{notes}"


def _covered(limits: Limits) -> float:
    low, high = limits
    return float(np.mean((low <= WER) & (high >= WER)))


def _by_file(drawn: Simulated) -> tuple[np.ndarray, np.ndarray]:
    starts = np.searchsorted(drawn.files, np.arange(drawn.files[-1] + 1))
    return np.add.reduceat(drawn.errors[0], starts, axis=1), np.add.reduceat(drawn.words, starts)


def _resampled(errors: np.ndarray, words: np.ndarray) -> Limits:
    draws = _draws(len(words))
    rates = (errors @ draws.T) / (words @ draws.T)
    low, high = np.percentile(rates, [2.5, 97.5], axis=1)
    return low, high


def _draws(units: int) -> np.ndarray:
    return np.random.default_rng(1).multinomial(units, np.full(units, 1 / units), RESAMPLES).astype(float)


def _pooled(errors: np.ndarray, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rate and its linearised standard error, a row a trial."""
    units, rate = len(words), errors.sum(axis=1) / words.sum()
    residuals = errors - rate[:, None] * words
    return rate, np.sqrt(units / (units - 1) * (residuals**2).sum(axis=1)) / words.sum()


def _t_interval(errors: np.ndarray, words: np.ndarray) -> Limits:
    rate, deviation = _pooled(errors, words)
    reach = stdtrit(len(words) - 1, 0.975) * deviation
    return rate - reach, rate + reach


def _studentised(errors: np.ndarray, words: np.ndarray) -> Limits:
    rate, deviation = _pooled(errors, words)
    draws, units = _draws(len(words)), len(words)
    all_words = words @ draws.T
    rates = (errors @ draws.T) / all_words
    squares = (
        (errors**2) @ draws.T
        - 2 * rates * ((errors * words) @ draws.T)
        + rates**2 * ((words.astype(float) ** 2) @ draws.T)
    )
    deviations = np.sqrt(np.maximum(units / (units - 1) * squares, 1e-12)) / all_words
    low, high = np.percentile((rates - rate[:, None]) / deviations, [2.5, 97.5], axis=1)
    return rate - high * deviation, rate - low * deviation


def _balto(drawn: Simulated) -> Limits:
    limits = np.array([wer_interval(errors, drawn.words, drawn.files.tolist()) for errors in drawn.errors[0]], float)
    return limits[:, 0], limits[:, 1]


def _called_by_utterances(drawn: Simulated) -> float:
    difference = drawn.errors[0] - drawn.errors[1]
    deviation = difference.std(axis=1, ddof=1) / math.sqrt(len(drawn.words))
    return float(np.mean(np.abs(difference.mean(axis=1)) > 1.96 * deviation))


def _called_by_files(drawn: Simulated) -> float:
    files = drawn.files.tolist()
    verdicts = [compare_systems(drawn.words, a, b, files).verdict for a, b in zip(*drawn.errors, strict=True)]
    return float(np.mean([verdict != "empate" for verdict in verdicts]))


METHODS: dict[str, Callable[[Simulated], Limits]] = {
    "reamostrar falas": lambda drawn: _resampled(drawn.errors[0], drawn.words),
    "reamostrar arquivos": lambda drawn: _resampled(*_by_file(drawn)),
    "t por arquivos": lambda drawn: _t_interval(*_by_file(drawn)),
    "bootstrap studentizado": lambda drawn: _studentised(*_by_file(drawn)),
    "**Balto** (t por arquivos, no logaritmo)": _balto,
}
