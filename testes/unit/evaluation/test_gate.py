"""A gate that does not flap, says where it holds, and never passes for want of numbers."""

from __future__ import annotations

import pytest

from balto_cli.errors import UsageError
from balto_cli.evaluation.analysis import analyse
from balto_cli.evaluation.baseline import Metric, changes
from balto_cli.evaluation.findings import Analysis, Part
from balto_cli.evaluation.gate import check, parse_condition
from testes.pairs import generated_pairs, misheard
from testes.stored_runs import Told, make_run


def run(rates: dict[str, float], files: int = 20, seed: int = 0, segments: int = 3) -> Analysis:
    told = []
    for number in range(files):
        said = [pair[0] for pair in generated_pairs(segments, words=(12, 12), seed=number)]
        heard = {
            name: [misheard(text, rate, hash((name, seed, number, place))) for place, text in enumerate(said)]
            if rate
            else said
            for name, rate in rates.items()
        }
        told.append(Told(f"{number:02d}.wav", said, heard))
    return analyse(make_run(told))


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return run({"Bom": 0.0, "Ruim": 0.4})


def holds(text: str, analysis: Analysis, baseline: Analysis | None = None) -> bool:
    (result,) = check([parse_condition(text)], analysis, baseline)
    assert result.sentence.endswith(".")
    return result.holds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wer>0.15", True),
        ("wer > 15%", True),
        ("wer>0,9", False),
        ("wer[Bom]>0.15", False),
        ("wer[ruim]>=0.15", True),
        ("WER.segmentos[Ruim] > 0.15", True),
        ("wer.originais[Bom]<=0", True),
        ("erros_medicamento>0.02", True),
        ("erros_medicamento[Bom]>0.02", False),
        ("falhas>0", False),
        ("cer[Bom]<0.01", True),
    ],
)
def test_limits(analysis: Analysis, text: str, expected: bool) -> None:
    assert holds(text, analysis) is expected


def test_the_sentence_names_who_and_where(analysis: Analysis) -> None:
    (result,) = check([parse_condition("wer>0.15")], analysis)
    assert result.sentence.startswith("wer>0.15: vale para Ruim ")
    assert "Bom" not in result.sentence


@pytest.mark.parametrize(
    "text",
    ["", "wer", "wer>", "wer>abc", "wer=0.1", "outra>0.1", "wer.outra>0.1", "falhas piora", "wer[]>0.1", "wer>-1"],
)
def test_what_is_no_condition_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="--fail-if"):
        parse_condition(text)


def test_what_cannot_be_measured_is_no_pass(analysis: Analysis) -> None:
    nothing_said = analyse(make_run([Told("a.wav", None, {"A": ["oi"]})], parts=["originais"]))
    for text, of in (
        ("wer>0.1", nothing_said),
        ("erros_medicamento>0.1", nothing_said),
        ("wer.segmentos>0.1", nothing_said),
        ("wer[Outro]>0.1", analysis),
        ("wer piora", analysis),
    ):
        with pytest.raises(UsageError, match="--fail-if"):
            check([parse_condition(text)], of)


def test_worse_only_where_the_paired_interval_says_so() -> None:
    before = run({"A": 0.10, "B": 0.10})
    again = run({"A": 0.10, "B": 0.10}, seed=1)
    after = run({"A": 0.10, "B": 0.30}, seed=1)
    assert not holds("wer piora", again, before)
    assert holds("wer piora", after, before)
    assert holds("wer[B] piora", after, before)
    assert not holds("wer[A] piora", after, before)
    assert not holds("wer piora", before, after)
    assert {change.direction for change in changes(before, after) if change.metric is Metric.WER} == {
        "empate",
        "melhora",
    }


def test_a_change_counts_only_files_that_both_runs_have() -> None:
    before, after = run({"A": 0.1}, files=12), run({"A": 0.1}, files=15)
    change = next(one for one in changes(after, before) if one.part is Part.SEGMENTS and one.metric is Metric.WER)
    assert (change.files, change.only_before, change.only_after, change.other_reference) == (12, 0, 3, 0)
    assert change.before == change.after
    assert change.direction == "empate"


def test_nothing_in_common_cannot_be_compared() -> None:
    one = analyse(make_run([Told("a.wav", ["oi"], {"A": ["oi"]})]))
    other = analyse(make_run([Told("b.wav", ["oi"], {"A": ["oi"]})]))
    with pytest.raises(UsageError, match="em comum"):
        check([parse_condition("wer piora")], one, other)
