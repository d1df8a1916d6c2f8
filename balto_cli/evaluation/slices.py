"""Rates by a property of the utterances: noise, length, file, hour, any column of the manifest.

Noise and length are of the utterance (a segment with its share of the reference); whatever is known of a file counts
the file as a whole, so it does not depend on how its reference was shared.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.headers import CONVERSATION, FILE, HOUR, REFERENCE, header_key
from balto_cli.evaluation.rates import Slice, SliceScore
from balto_cli.evaluation.totals import sum_counts, wer_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from balto_cli.evaluation.medicine import MedicineErrors
    from balto_cli.evaluation.scores import Score
    from balto_cli.evaluation.utterances import ScoredFile, ScoredPart, Utterance

GOOD_SNR_DB = 20.0
"""From here on noise is a background that costs no words."""
FAIR_SNR_DB = 10.0
"""Below, the noise is within a third of the voice's amplitude, and endings and consonants drown."""
SNR_BANDS = (
    (FAIR_SNR_DB, "ruim (menos de 10 dB)"), (GOOD_SNR_DB, "média (10 a 20 dB)"), (float("inf"), "boa (20 dB ou mais)"),
)  # fmt: skip
"""Upper end of each band in dB, left out, and its name."""
SEGMENT_BANDS = ((2.0, "menos de 2 s"), (5.0, "2 a 5 s"), (10.0, "5 a 10 s"), (float("inf"), "10 s ou mais"))
FILE_BANDS = (
    (30.0, "menos de 30 s"), (120.0, "30 s a 2 min"), (600.0, "2 a 10 min"), (float("inf"), "10 min ou mais"),
)  # fmt: skip
NOISE = "Ruído (SNR)"
"""Column that a noise sweep gives its inputs."""
CLEAN = "sem ruído"
MOST_VALUES = 50
"""Values of a column from which on it names things one by one and is no slice; files are always listed."""
_NOT_SLICES = frozenset((*FILE, *REFERENCE, *CONVERSATION))
_HOUR = re.compile(r"(?:^|[T\s])(\d{1,2})(?:[:h]\d{2}|h\b)")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


class _Row(NamedTuple):
    """What one file or utterance adds to a slice."""

    file: str
    unit: str
    utterances: int
    scores: Mapping[str, Score]
    medicine: Sequence[Mapping[str, MedicineErrors]]


def slices(part: ScoredPart, details: Mapping[str, Mapping[str, str]]) -> tuple[Slice, ...]:
    """Cut a part every way that is known of it; a way in which all are alike is none."""
    is_segments = part.part is Part.SEGMENTS
    bands = SEGMENT_BANDS if is_segments else FILE_BANDS
    by_utterance = [
        ("Qualidade (SNR)", [(_banded(one.snr_db, SNR_BANDS), _of_utterance(one)) for one in part.utterances]),
        ("Duração", [(_banded(one.end_s - one.start_s, bands), _of_utterance(one)) for one in part.utterances]),
    ]
    columns = dict.fromkeys(name for file in part.files for name in details.get(file.name, {}))
    by_file = [
        (name, [(_of_column(name, details.get(file.name, {}).get(name, "")), _of_file(file)) for file in part.files])
        for name in columns
        if header_key(name) not in _NOT_SLICES
    ]
    by_file.append(
        ("Arquivo", [((float(number), file.name), _of_file(file)) for number, file in enumerate(part.files)])
    )
    found: list[Slice] = []
    for dimension, rows in (*by_utterance, *by_file):
        found += _cut(dimension, rows, part.everyone)
    return tuple(found)


def _cut(dimension: str, rows: Iterable[tuple[tuple[float, str], _Row]], providers: Sequence[str]) -> Iterable[Slice]:
    groups: dict[tuple[float, str], list[_Row]] = defaultdict(list)
    for place, row in rows:
        groups[place].append(row)
    if len(groups) < 2 or (len(groups) > MOST_VALUES and dimension != "Arquivo"):
        return
    for (order, value), members in sorted(groups.items()):
        units = [row.unit for row in members]
        yield Slice(
            dimension,
            value,
            order,
            len({row.file for row in members}),
            sum(row.utterances for row in members),
            tuple(_score(name, members, units) for name in providers),
        )


def _score(provider: str, rows: Sequence[_Row], units: Sequence[str]) -> SliceScore:
    heard = [row for row in rows if provider in row.scores]
    scores = [row.scores[provider] for row in heard]
    medicine = [one[provider] for row in heard for one in row.medicine]
    wrong = sum(one.wrong_utterances for one in medicine) / len(medicine) if medicine else None
    return SliceScore(provider, sum_counts(scores), wer_of(scores, units if heard else ()), wrong)


def _of_utterance(utterance: Utterance) -> _Row:
    return _Row(utterance.file, utterance.unit, 1, utterance.scores, (utterance.medicine,))


def _of_file(file: ScoredFile) -> _Row:
    medicine = [utterance.medicine for utterance in file.utterances]
    return _Row(file.name, file.unit, len(file.utterances), file.scores, medicine)


def _banded(value: float | None, bands: Sequence[tuple[float, str]]) -> tuple[float, str]:
    if value is None:
        return float(len(bands)), "desconhecida"
    return next((float(number), name) for number, (end, name) in enumerate(bands) if value < end)


def _of_column(column: str, value: str) -> tuple[float, str]:
    """Order and name of a value: hours by hour, numbers by size, the rest by name; what is empty comes last."""
    value = value.strip()
    if not value:
        return float("inf"), "(vazio)"
    if header_key(column) in HOUR and (hour := _HOUR.search(value)):
        return float(hour[1]), f"{int(hour[1]):02d} h"
    if column == NOISE and value == CLEAN:
        return float("inf"), value
    number = _NUMBER.match(value.replace("−", "-"))
    return (float(number[0].replace(",", ".")) if number else 0.0), value
