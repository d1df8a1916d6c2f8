"""From answers to a verdict that a QA engineer can sign."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.evaluation.analysis import analyse
from balto_cli.evaluation.findings import Analysis, Mark, Part
from balto_cli.evaluation.references import Reference
from balto_cli.evaluation.scores import score_corpus
from balto_cli.evaluation.slices import NOISE
from balto_cli.evaluation.stored_run import FileFacts
from testes.pairs import generated_pairs, misheard
from testes.stored_runs import Told, make_run

SAID = ("bom dia tem dipirona de 500 mg", "tem sim não precisa de receita", "quero duas caixas")


def spoiled(texts: Sequence[str], rate: float, seed: int) -> list[str]:
    return [misheard(text, rate, seed * 1000 + number) for number, text in enumerate(texts)]


def three_providers(rates: dict[str, float], files: int, seed: int = 0) -> Analysis:
    """Providers with set error rates on files of four segments; the words of a file are the same for all."""
    dice = random.Random(seed)
    told = []
    for number in range(files):
        said = [pair[0] for pair in generated_pairs(4, words=(12, 12), seed=dice.getrandbits(32))]
        heard = {name: spoiled(said, rate, dice.getrandbits(32)) for name, rate in rates.items()}
        told.append(Told(f"{number:02d}.wav", said, heard))
    return analyse(make_run(told))


def test_the_provider_with_fewer_errors_wins_where_the_data_carry_it() -> None:
    analysis = three_providers({"Bom": 0.05, "Médio": 0.15, "Ruim": 0.3}, files=30)
    for part in analysis.parts.values():
        assert part.winner == "Bom"
        assert part.verdict.startswith("Bom erra menos que todos os outros. WER de ")
        assert "; o segundo é Médio, com 1" in part.verdict
        assert [pair.comparison.verdict for pair in part.pairs] == ["a", "a", "a"]
        assert "poucos" not in part.verdict.lower()
        first = part.pairs[0]
        assert first.p_holm >= first.comparison.p
        assert first.nist.z < 0


def test_equal_rates_are_a_tie_and_few_files_are_said() -> None:
    analysis = three_providers({"A": 0.15, "B": 0.15, "C": 0.15}, files=6)
    part = analysis.main_part
    assert part.winner is None
    assert part.verdict.startswith("Empate entre ")
    assert "Poucos arquivos (6)" in part.verdict
    assert all(pair.sentence.startswith("Empate entre") for pair in part.pairs)


def test_a_corpus_rate_is_the_sum_of_errors_over_the_sum_of_words() -> None:
    heard = ["bom dia tem dipirona de 50 mg", "tem sim precisa de receita", "quero duas caixas"]
    analysis = analyse(make_run([Told("a.wav", SAID, {"Local": heard}), Told("b.wav", ["oi"], {"Local": ["olá"]})]))
    for part in analysis.parts.values():
        scores = part.provider("Local")
        expected = score_corpus([(" ".join(SAID), " ".join(heard)), ("oi", "olá")])
        assert scores.score.wer == expected.wer == scores.wer.value
        assert (scores.score.errors, scores.score.reference_words) == (expected.errors, expected.reference_words)
        assert scores.score.cer == expected.cer
    medicine = analysis.parts[Part.SEGMENTS].medicine
    assert {(found.error.kind, found.segment) for found in medicine} == {
        ("dose", "a.wav_seg_000.wav"),
        ("negação", "a.wav_seg_001.wav"),
    }
    assert analysis.parts[Part.SEGMENTS].provider("Local").medicine_wrong.value == 2 / 4
    assert analysis.parts[Part.ORIGINALS].provider("Local").medicine_wrong.value == 1 / 2


def test_a_failed_segment_is_left_out_for_all_and_counted() -> None:
    heard = {"A": list(SAID), "B": [SAID[0], None, SAID[2]]}
    analysis = analyse(make_run([Told("a.wav", SAID, heard, whole={"A": " ".join(SAID), "B": None})]))
    part = analysis.parts[Part.SEGMENTS]
    assert [(one.reason, one.files, one.utterances) for one in part.coverage.left_out] == [("falha de B", 0, 1)]
    assert part.coverage.sentence == (
        "Notas sobre 1 de 1 arquivo e 2 de 3 segmentos; fora da conta: 1 segmento (falha de B)."
    )
    for name in ("A", "B"):
        assert part.provider(name).score.errors == 0
        assert part.provider(name).score.reference_words == 10
    assert [(failure.reason, failure.calls) for failure in part.provider("B").effort.failures] == [
        ("O servidor não respondeu.", 1)
    ]
    assert analysis.cutting[0].comparison.difference is None


def test_a_provider_that_answered_nothing_leaves_the_others_their_scores() -> None:
    """A refused key is one provider's failure; the others are compared as if it had not been asked."""
    told = [
        Told(f"{name}.wav", SAID, {"A": list(SAID), "B": spoiled(SAID, 0.3, 1), "Mudo": [None] * 3}) for name in "ab"
    ]
    analysis = analyse(make_run(told))
    for part in analysis.parts.values():
        assert part.coverage.sentence.endswith(" Mudo não respondeu nenhuma chamada e não foi comparado.")
        assert (part.coverage.files_counted, part.coverage.left_out) == (2, ())
        assert [(pair.a, pair.b) for pair in part.pairs] == [("A", "B")]
        silent = part.provider("Mudo")
        assert (silent.files, silent.wer.value, silent.medicine_wrong.value) == (0, None, None)
        assert silent.effort.failed == silent.effort.calls > 0
        assert all(len(one.scores) == 3 for one in part.slices)
        assert part.provider("A").score.reference_words == 32
    assert [effect.provider for effect in analysis.cutting] == ["A", "B"]


def test_the_words_of_a_file_in_which_no_speech_was_found_are_lost() -> None:
    told = [Told("a.wav", SAID, {"A": list(SAID)}), Told("mudo.wav", ["três palavras perdidas"], {"A": []})]
    score = analyse(make_run(told)).parts[Part.SEGMENTS].provider("A").score
    assert (score.deletions, score.reference_words) == (3, 19)


def test_without_references_providers_are_told_apart_by_agreement() -> None:
    told = [
        Told("iguais.wav", None, {"A": ["bom dia"], "B": ["bom dia"]}),
        Told("outros.wav", None, {"A": ["tem dipirona"], "B": ["tem novalgina"]}),
        Told("um pouco.wav", None, {"A": ["quero duas caixas"], "B": ["quero duas caixa"]}),
    ]
    part = analyse(make_run(told)).parts[Part.ORIGINALS]
    assert part.verdict.startswith("Sem referências")
    assert [one.file for one in part.transcribe_first()] == ["outros.wav", "um pouco.wav", "iguais.wav"]
    assert part.transcribe_first()[0].medicines == ("dipirona", "Novalgina")
    assert part.transcribe_first()[-1].rate == 0.0
    assert part.provider("A").wer.value is None


def test_where_all_agree_against_the_reference_it_is_suspect() -> None:
    said = ["tem losartana de 25 mg", "bom dia senhora"]
    heard = {"A": ["tem losartana de 50 mg", "bom dia senhor"], "B": ["tem losartana de 50 mg", "bom dia senhora"]}
    analysis = analyse(make_run([Told("a.wav", said, heard)]))
    for part in analysis.parts.values():
        (suspect,) = part.suspects
        assert (suspect.said, suspect.heard, suspect.before, suspect.after) == (
            "25",
            "50",
            "tem losartana de",
            "mg bom dia",
        )
        assert suspect.is_medicine
    assert analysis.main_part.suspects[0].segment == "a.wav_seg_000.wav"
    alone = analyse(make_run([Told("a.wav", said, {"A": heard["A"]})]))
    assert alone.main_part.suspects == ()


def test_words_on_silence_and_loops_are_inventions_with_and_without() -> None:
    loop = "obrigado por assistir " * 4
    told = Told(
        "a.wav",
        ["bom dia", "tem sim"],
        {"A": ["bom dia", f"tem sim {loop}"]},
        whole={"A": "bom dia legendas tem sim"},
        words={
            "A": [
                ("Bom", 0.5, 1.0),
                ("dia.", 1.0, 2.0),
                ("Legendas", 5.4, 5.6),
                ("tem", 6.5, 7.0),
                ("sim", 7.0, 8.0),
            ]
        },
    )
    silent = Told("mudo.wav", ["nada se ouve"], {"A": []}, whole={"A": "legendas da comunidade"})
    analysis = analyse(make_run([told, silent], providers=["A"]))
    segments = analysis.parts[Part.SEGMENTS].provider("A").inventions
    assert (segments.outside_speech, segments.loops, segments.loop_words) == (0, 1, 9)
    assert segments.score_without.insertions == 3
    originals = analysis.parts[Part.ORIGINALS]
    counts = originals.provider("A").inventions
    # 5,5 s lies half a second from both segments, so it may be speech; the silent file's words cannot.
    assert (counts.outside_speech, counts.loops) == (3, 0)
    assert counts.score_without.insertions == originals.provider("A").score.insertions
    assert {one.kind for one in originals.inventions} == {"fora da fala"}
    assert originals.inventions[0].words == "legendas da comunidade"


def test_errors_have_their_time_and_those_at_a_cut_are_the_cuts() -> None:
    said = ["bom dia tem dipirona", "tem sim senhora"]
    heard = {"A": ["bom dia tem novalgina", "tem não senhora"]}
    part = analyse(make_run([Told("a.wav", said, heard)])).parts[Part.SEGMENTS]
    places = part.files["a.wav", "A"].places
    assert [(place.said, place.heard, place.at_cut) for place in places] == [
        ("dipirona", "novalgina", True),
        ("sim", "não", False),
    ]
    assert part.provider("A").cut_errors == 1
    first, second = places
    assert (first.start_s, first.end_s) == pytest.approx((3.75, 5.0))
    assert (second.start_s, second.segment) == (pytest.approx(6 + 5 / 3), "a.wav_seg_001.wav")


def test_cutting_is_judged_against_originals_of_the_same_files() -> None:
    told = []
    for number in range(12):
        said = [pair[0] for pair in generated_pairs(3, words=(10, 10), seed=number)]
        told.append(Told(f"{number}.wav", said, {"A": said}, whole={"A": misheard(" ".join(said), 0.3, number)}))
    (effect,) = analyse(make_run(told)).cutting
    assert effect.comparison.verdict == "a"
    assert effect.comparison.difference is not None
    assert effect.comparison.difference < 0
    assert effect.sentence.startswith("Cortar ajuda A: WER de 0,0 % em segmentos contra ")


def test_a_conversation_of_the_manifest_is_the_unit() -> None:
    told = [
        Told(
            f"{number}.wav",
            SAID,
            {"A": spoiled(SAID, 0.2, number)},
            facts=FileFacts(unit=f"c{number % 3}", details={"conversa": f"c{number % 3}", "turno": "manhã"}),
        )
        for number in range(12)
    ]
    analysis = analyse(make_run(told))
    assert analysis.unit == "conversa"
    assert analysis.main_part.coverage.units_counted == 3
    assert "(3 conversas)" in analysis.main_part.coverage.sentence


def test_slices_add_up_and_hours_are_told_from_the_manifest() -> None:
    told = [
        Told(
            f"{number}.wav",
            SAID,
            {"A": spoiled(SAID, 0.3, number)},
            facts=FileFacts(details={"Hora": f"2026-11-03 {8 + number % 2:02d}:30", "loja": "Centro"}),
            snr_db=5.0 if number % 2 else 25.0,
        )
        for number in range(8)
    ]
    part = analyse(make_run(told)).main_part
    names = {one.dimension for one in part.slices}
    assert names == {"Qualidade (SNR)", "Hora", "Arquivo"}
    assert [one.value for one in part.slices if one.dimension == "Hora"] == ["08 h", "09 h"]
    for dimension in names:
        errors = sum(one.scores[0].score.errors for one in part.slices if one.dimension == dimension)
        if dimension != "Qualidade (SNR)":
            assert errors == part.provider("A").score.errors


def test_a_noise_sweep_is_a_curve_whose_unit_stays_the_recording() -> None:
    told = []
    for number in range(4):
        for ratio, rate in (("sem ruído", 0.0), ("10 dB", 0.2), ("−5 dB", 0.6)):
            facts = FileFacts(unit=f"{number}.wav", details={NOISE: ratio})
            told.append(Told(f"{number} {ratio}.wav", SAID, {"A": spoiled(SAID, rate or 1e-9, number)}, facts=facts))
    part = analyse(make_run(told)).main_part
    curve = [(one.value, one.scores[0].wer.value) for one in part.slices if one.dimension == NOISE]
    assert [value for value, _ in curve] == ["−5 dB", "10 dB", "sem ruído"]
    assert [wer or 0.0 for _, wer in curve] == sorted((wer or 0.0 for _, wer in curve), reverse=True)
    assert (part.coverage.units_counted, part.coverage.files_counted) == (4, 12)


def test_marks_of_a_person_feed_a_second_score() -> None:
    heard = {"A": ["bom dia tem dipirona de 50 mg", SAID[1], "quero dois casos"]}
    run = make_run([Told("a.wav", SAID, heard)])
    marks = {
        ("a.wav", "a.wav_seg_000.wav", "A"): Mark.SEVERE,
        ("a.wav", "a.wav_seg_001.wav", "A"): Mark.WRONG_REFERENCE,
        ("a.wav", "a.wav_seg_002.wav", "A"): Mark.ACCEPTABLE,
    }
    plain, revised = analyse(run), analyse(run, revision=marks)
    assert plain.main_part.provider("A").revised is None
    scores = revised.main_part.provider("A")
    assert scores.score == plain.main_part.provider("A").score
    assert scores.revised is not None
    assert (scores.revised.errors, scores.revised.reference_words) == (1, 10)
    (severe,) = revised.main_part.severe
    assert (severe.segment, severe.text) == ("a.wav_seg_000.wav", heard["A"][0])
    assert revised.parts[Part.ORIGINALS].severe == ()


def test_an_allowed_reading_is_no_error_and_all_are_counted_on_the_same_words() -> None:
    reference = Reference("quero {duas / umas} caixas (né) de dipirona", alternatives=True)
    heard = {
        "A": ["quero umas caixas", "de dipirona"],
        "B": ["quero duas caixas né", "de dipirona"],
        "C": ["quero", ""],
    }
    analysis = analyse(make_run([Told("a.wav", None, heard, reference=reference)]))
    for part in analysis.parts.values():
        scores = {name: part.provider(name).score for name in heard}
        assert [scores[name].errors for name in heard] == [0, 0, 4]
        assert len({score.reference_words for score in scores.values()}) == 1
    (file,) = analysis.comparison.files
    assert file.reference == "quero duas  caixas né de dipirona"
    assert file.outcomes["A"].text == "quero umas caixas de dipirona"


def test_money_time_and_latency() -> None:
    told = [Told(f"{number}.wav", ["oi"], {"A": ["oi"]}, latency_s=0.5, cost_brl=0.01) for number in range(4)]
    scores = analyse(make_run(told)).main_part.provider("A")
    assert scores.effort.latency.calls == 4
    assert scores.effort.latency.p50 is not None
    assert scores.effort.latency.p50.value == 0.5
    assert scores.effort.latency.p95 is not None
    assert scores.effort.latency.p95.low is None
    assert scores.effort.real_time_factor == pytest.approx(0.1)
    assert scores.effort.cost_brl_per_hour == pytest.approx(0.01 / 5 * 3600)
    assert scores.effort.cost_brl == pytest.approx(0.04)


def test_one_part_only_and_one_file_only() -> None:
    analysis = analyse(make_run([Told("a.wav", SAID, {"A": list(SAID)})], parts=["originais"]))
    assert list(analysis.parts) == [Part.ORIGINALS]
    assert analysis.cutting == ()
    scores = analysis.main_part.provider("A")
    assert scores.inventions.outside_speech is None
    assert (scores.wer.value, scores.wer.low) == (0.0, None)


words = st.sampled_from(["bom", "dia", "não", "dipirona", "500", "mg", "obrigado", "né"])
texts = st.lists(words, max_size=8).map(" ".join)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.none() | texts, st.lists(st.tuples(st.none() | texts, st.none() | texts), max_size=3)),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_was_answered_the_counts_agree_with_each_other(files: list) -> None:  # type: ignore[type-arg]
    told = [
        Told(
            f"{number}.wav",
            None if said is None else [said],
            {"A": [a for a, _ in heard], "B": [b for _, b in heard]},
        )
        for number, (said, heard) in enumerate(files)
    ]
    analysis = analyse(make_run(told, providers=["A", "B"]))
    for part in analysis.parts.values():
        coverage = part.coverage
        assert coverage.files_counted + sum(one.files for one in coverage.left_out) == coverage.files
        assert coverage.utterances_counted + sum(one.utterances for one in coverage.left_out) == coverage.utterances
        a, b = (part.provider(name).score for name in "AB")
        assert a.reference_words == b.reference_words or 0 in (part.provider("A").files, part.provider("B").files)
        for name in "AB":
            score = part.provider(name).score
            assert sum(len(part.files[key].places) for key in part.files if key[1] == name) == score.errors
            assert part.provider(name).cut_errors <= score.errors
