"""Generated transcripts with errors of every kind, and what of their alignments can be known by brute force."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

from rapidfuzz.distance import Levenshtein

WORDS = """
    a o e de da do que não tem para com uma um na no em se por mais bom dia senhora senhor obrigado quero
    preciso remédio caixa comprimido gotas receita médico dor cabeça febre tosse garganta criança manhã noite
    hoje amanhã dipirona paracetamol ibuprofeno prednisona prednisolona amoxicilina losartana enalapril
    omeprazol loratadina tome tomar duas três quatro vezes horas depois antes comer jejum genérico marca preço
    desconto cartão dinheiro levar trazer esperar falta chegou estoque laboratório xarope pomada injeção pressão
    diabetes alergia azia gripe
""".split()  # noqa: SIM905


_WEIGHTS = [1 / (rank + 3) for rank in range(len(WORDS))]


def misheard(reference: str, rate: float, seed: int) -> str:
    """The reference with `rate` errors a word: of five, three substitutions, one word lost, one added.

    Half of the substitutions are a slip of one letter, half another word; common words come more often.
    """
    source = random.Random(seed)
    heard = []
    for word in reference.split():
        luck = source.random() / rate
        if luck < 0.3:
            place = source.randrange(len(word))
            heard.append(word[:place] + source.choice("aeiourst") + word[place + 1 :])
        elif luck < 0.6:
            heard += source.choices(WORDS, _WEIGHTS)
        elif luck >= 0.8:
            heard.append(word)
        if source.random() < 0.2 * rate:
            heard += source.choices(WORDS, _WEIGHTS)
    return " ".join(heard)


def generated_pairs(
    count: int, *, words: tuple[int, int] = (20, 20), rate: float = 0.15, seed: int = 0
) -> list[tuple[str, str]]:
    """(reference, hypothesis) pairs, as long as `words` says from shortest to longest, misheard at `rate`."""
    source = random.Random(seed)
    references = [" ".join(source.choices(WORDS, _WEIGHTS, k=source.randint(*words))) for _ in range(count)]
    return [(reference, misheard(reference, rate, source.getrandbits(32))) for reference in references]


def likeness(word: str, other: str) -> int:
    """How alike two words are, in ten thousandths."""
    return round(10_000 * Levenshtein.normalized_similarity(word, other))


def best_alignment(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[int, int, int]:
    """Fewest errors, then most words right, then most likeness of what is substituted, by plain recursion."""

    @cache
    def rest(row: int, column: int) -> tuple[int, int, int]:
        ways = [(0, 0, 0)] if row == len(reference) and column == len(hypothesis) else []
        if row < len(reference):
            errors, right, alike = rest(row + 1, column)
            ways.append((errors + 1, right, alike))
        if column < len(hypothesis):
            errors, right, alike = rest(row, column + 1)
            ways.append((errors + 1, right, alike))
        if row < len(reference) and column < len(hypothesis):
            errors, right, alike = rest(row + 1, column + 1)
            if reference[row] == hypothesis[column]:
                ways.append((errors, right + 1, alike))
            else:
                ways.append((errors + 1, right, alike + likeness(reference[row], hypothesis[column])))
        return min(ways, key=lambda way: (way[0], -way[1], -way[2]))

    return rest(0, 0)


def cheapest_splits(
    reference: Sequence[str], hypothesis: Sequence[str], substitution: int = 1, other: int = 1
) -> set[tuple[int, int, int]]:
    """Every (substitutions, deletions, insertions) that an alignment of least cost can have."""
    row: list[tuple[int, set[tuple[int, int, int]]]] = [
        (other * column, {(0, 0, column)}) for column in range(len(hypothesis) + 1)
    ]
    for word in reference:
        above, row = row, [(row[0][0] + other, {(0, d + 1, 0) for _, d, _ in row[0][1]})]
        for column, heard in enumerate(hypothesis, 1):
            wrong = int(word != heard)
            ways = [
                (above[column][0] + other, {(s, d + 1, i) for s, d, i in above[column][1]}),
                (row[-1][0] + other, {(s, d, i + 1) for s, d, i in row[-1][1]}),
                (above[column - 1][0] + wrong * substitution, {(s + wrong, d, i) for s, d, i in above[column - 1][1]}),
            ]
            least = min(cost for cost, _ in ways)
            row.append((least, set().union(*(splits for cost, splits in ways if cost == least))))
    return row[-1][1]
