"""Scores and NIST's test against the tools that the field trusts: jiwer everywhere, meeteval and SCTK where present."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import jiwer
import pytest

from balto_cli.evaluation import Score, mapsswe, score_corpus, score_pair
from testes.pairs import cheapest_splits, generated_pairs, misheard
from testes.tools import require_tool

PAIRS = [
    *generated_pairs(400, words=(1, 25), rate=0.15, seed=1),
    *generated_pairs(300, words=(1, 25), rate=0.3, seed=2),
    *generated_pairs(300, words=(1, 25), rate=0.6, seed=3),
]


def scores() -> list[Score]:
    return [score_pair(*pair, normalizer=None) for pair in PAIRS]


def split(score: Score) -> tuple[int, int, int]:
    return score.substitutions, score.deletions, score.insertions


def sclite(folder: Path, name: str, pairs: Sequence[tuple[str, str]], output: str) -> str:
    """Run sclite on pairs, and return the report of the kind `output`. Letters it cannot fold become numbers."""
    tool = require_tool("sctk")
    words: dict[str, str] = {}
    for side, file in enumerate(("reference", name)):
        lines = []
        for index, pair in enumerate(pairs):
            spelled = " ".join(words.setdefault(word, f"w{len(words)}") for word in pair[side].split())
            lines.append(f"{spelled} (s{index % 7}_{index:05})\n")
        (folder / f"{file}.trn").write_text("".join(lines), encoding="ascii")
    command = [tool, "sclite", "-i", "spu_id", "-o", output, "-O", str(folder), "-n", name]
    command += ["-r", str(folder / "reference.trn"), "trn", "-h", str(folder / f"{name}.trn"), "trn"]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / f"{name}.{output}").read_text(encoding="ascii")


def test_totals_are_those_of_jiwer_pair_by_pair() -> None:
    for (reference, hypothesis), score in zip(PAIRS, scores(), strict=True):
        words = jiwer.process_words(reference, hypothesis or " ")
        assert score.errors == words.substitutions + words.deletions + words.insertions
        assert score.hits >= words.hits
        assert score.cer == pytest.approx(jiwer.cer(reference, hypothesis or " "))


def test_the_corpus_has_the_rates_of_jiwer() -> None:
    corpus = score_corpus(PAIRS, normalizer=None)
    sides = [[pair[side] for pair in PAIRS] for side in (0, 1)]
    words = jiwer.process_words(*sides)
    assert corpus.wer == pytest.approx(words.wer)
    assert corpus.cer == pytest.approx(jiwer.cer(*sides))
    # Both depend on which of the alignments with the fewest errors is counted.
    assert corpus.mer == pytest.approx(words.mer, abs=0.003)
    assert corpus.wil == pytest.approx(words.wil, abs=0.01)


def test_the_split_is_one_that_the_fewest_errors_allow() -> None:
    for (reference, hypothesis), score in zip(PAIRS, scores(), strict=True):
        possible = cheapest_splits(reference.split(), hypothesis.split())
        assert split(score) in possible
        assert score.substitutions == min(substitutions for substitutions, _, _ in possible)


def test_totals_are_those_of_meeteval_pair_by_pair() -> None:
    if importlib.util.find_spec("meeteval") is None:
        pytest.skip("falta meeteval: este teste só roda onde ele está instalado")
    from meeteval.wer import siso_word_error_rate

    for (reference, hypothesis), score in zip(PAIRS, scores(), strict=True):
        oracle = siso_word_error_rate(reference, hypothesis)
        assert (score.errors, score.reference_words) == (oracle.errors, oracle.length)


def test_totals_are_those_of_sclite_wherever_its_costs_allow(tmp_path: Path) -> None:
    # A substitution costs 4 there, the others 3, so it may count more errors than the fewest.
    kept = [(pair, score) for pair, score in zip(PAIRS, scores(), strict=True) if pair[1]]
    report = sclite(tmp_path, "sistema", [pair for pair, _ in kept], "pra")
    counted = {
        int(identity): (int(wrong), int(lost), int(added))
        for identity, wrong, lost, added in re.findall(
            r"^id: \(s\d_(\d+)\)\n(?:.*\n)??Scores: \(#C #S #D #I\) \d+ (\d+) (\d+) (\d+)", report, re.MULTILINE
        )
    }
    assert len(counted) == len(kept)
    same = 0
    for index, ((reference, hypothesis), score) in enumerate(kept):
        possible = cheapest_splits(reference.split(), hypothesis.split(), substitution=4, other=3)
        assert counted[index] in possible
        assert sum(counted[index]) >= score.errors
        if {sum(one) for one in possible} == {score.errors}:
            assert sum(counted[index]) == score.errors
        same += sum(counted[index]) == score.errors
    assert same >= 0.97 * len(kept)


@pytest.mark.parametrize(
    ("count", "rates", "seed"),
    [(300, (0.1, 0.2), 1), (300, (0.15, 0.16), 2), (100, (0.2, 0.3), 3), (500, (0.05, 0.02), 4), (300, (0.4, 0.5), 5)],
)
def test_the_z_of_mapsswe_is_that_of_sc_stats(
    tmp_path: Path, count: int, rates: tuple[float, float], seed: int
) -> None:
    tool = require_tool("sctk")
    spoken = [reference for reference, _ in generated_pairs(count, words=(4, 25), seed=seed)]
    systems = {
        name: [
            (reference, misheard(reference, rate, seed=1000 * (place + 2 * seed) + index) or "nada")
            for index, reference in enumerate(spoken)
        ]
        for place, (name, rate) in enumerate(zip("ab", rates, strict=True))
    }
    alignments = "".join(sclite(tmp_path, name, pairs, "sgml") for name, pairs in systems.items())
    command = [tool, "sc_stats", "-p", "-t", "mapsswe", "-v", "-n", "teste", "-O", str(tmp_path)]
    subprocess.run(command, input=alignments, check=True, capture_output=True, text=True)
    report = (tmp_path / "teste.stats.mapsswe").read_text(encoding="ascii")
    found = re.search(r"# segs: (\d+)\).*\(mean: *([-\d.]+)\).*\(Z Stat: *([-\d.]+)\)", report)
    assert found
    ours = mapsswe(systems["a"], systems["b"], normalizer=None)
    assert ours.segments == pytest.approx(int(found[1]), rel=0.01)
    assert ours.mean == pytest.approx(float(found[2]), rel=0.03, abs=0.002)
    assert ours.z == pytest.approx(float(found[3]), rel=0.03, abs=0.03)
