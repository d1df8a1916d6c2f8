"""Analyses made by hand, for tests of reports: consistent sums over a comparison, and an example of a counter's talk.

Every error of a segment lies in that segment, so a file's errors are the sum of its segments'; `analyse` aligns words
over the edges of segments, too.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import combinations

from balto_cli.evaluation import compare_all, mapsswe, score_pair, wer_interval
from balto_cli.evaluation.findings import Analysis, Part, PartAnalysis, RunInfo
from balto_cli.evaluation.judging import Answer, HeardFile, HeardSegment
from balto_cli.evaluation.latency import summarize_latency
from balto_cli.evaluation.medicine import medicine_errors, sum_medicine_errors
from balto_cli.evaluation.places import Confusion, Disagreement, ErrorPlace, FileErrors, MedicineFinding, Suspect
from balto_cli.evaluation.rates import (
    Coverage,
    CuttingEffect,
    Effort,
    Failure,
    Interval,
    Inventions,
    LeftOut,
    PairResult,
    ProviderScores,
)
from balto_cli.evaluation.references import Reference
from balto_cli.evaluation.results import Comparison, FileResult, Outcome, SegmentResult, State
from balto_cli.evaluation.scores import Score, sum_scores
from balto_cli.evaluation.stored_run import FileFacts, RunHeader, StoredRun
from balto_cli.stt.base import Transcript

STARTED_AT = datetime(2026, 11, 3, 10, 15, tzinfo=timezone(timedelta(hours=-3)))
RUN = RunInfo(
    "2026-11-03_101500",
    STARTED_AT,
    STARTED_AT + timedelta(minutes=12),
    {
        "provedores": [{"provider": "elevenlabs", "model": "scribe_v2"}, {"provider": "local", "model": "small"}],
        "pipeline": {"vad": {"limiar": 0.5, "pausa_ms": 400}, "reducao": True},
        "partes": ["originais", "segmentos"],
        "refazer": False,
        "balto": "1.0.0",
    },
    {"balto": "1.0.0", "catalogo": "5f1c2a90", "normalizacao": "9be01d77"},
    {"balto": "1.0.0", "catalogo": "5f1c2a90", "normalizacao": "9be01d77"},
    5.40,
)

Row = tuple[FileResult, str, str | None, Mapping[str, Outcome], float, float]


def analysis_of(comparison: Comparison, *parts: Part, run: RunInfo = RUN) -> Analysis:
    """What a comparison amounts to, in the parts named; in both without a name."""
    wanted = parts or tuple(Part)
    found = {part: _part(part, comparison) for part in wanted}
    cutting = ()
    if len(wanted) > 1:
        cutting = tuple(
            CuttingEffect(
                one.provider, one.files, one.score, other.score,
                compare_all(["a", "b"], [1], {"a": [1], "b": [1]}, ["x"])[0].comparison, 1.0,
                f"{one.provider}: cortar em segmentos não muda o WER (diferença de 0,1 ponto, sem certeza).",
            )
            for one, other in zip(found[Part.ORIGINALS].providers, found[Part.SEGMENTS].providers, strict=True)
        )  # fmt: skip
    return Analysis(run, comparison, "arquivo", found, cutting, {}, remarks=())


def heard(text: str, reference: str | None) -> Outcome:
    """An answer, scored where there is a reference."""
    state = State.OK if text.strip() else State.EMPTY
    return Outcome(state, text, score=None if reference is None else score_pair(reference, text), sent_as="wav")


def failed(reason: str = "O provedor não respondeu em 60 s.") -> Outcome:
    """A call without an answer."""
    return Outcome(State.FAILED, reason=reason)


def example(
    error_rates: Mapping[str, float], *, files: int = 12, segments: int = 8, seed: int = 7, references: bool = True
) -> Comparison:
    """Talk at a counter, heard by each provider with about its share of wrong words; some calls fail."""
    dice = random.Random(seed)
    made = []
    for number in range(files):
        parts = []
        for index in range(segments):
            said = dice.choice(SENTENCES)
            reference = said if references and number % 9 != 8 else None
            outcomes = {
                name: failed() if dice.random() < 0.01 else heard(_misheard(said, rate, dice), reference)
                for name, rate in error_rates.items()
            }
            start_s = 4.0 * index + dice.random()
            parts.append(
                SegmentResult(
                    f"balcao{number:02d}_seg_{index:03d}.wav", start_s, start_s + 3.2, dice.uniform(4, 28),
                    reference, outcomes,
                )
            )  # fmt: skip
        whole = {}
        reference = " ".join(part.reference for part in parts) if parts[0].reference is not None else None
        for name in error_rates:
            texts = [part.outcomes[name].text for part in parts]
            whole[name] = failed() if None in texts else heard(" ".join(text or "" for text in texts), reference)
        made.append(
            FileResult(
                f"balcao{number:02d}.wav", 4.0 * segments, "", () if reference else ("sem referência",),
                reference, whole, tuple(parts),
            )
        )  # fmt: skip
    return Comparison(tuple(error_rates), tuple(made))


SENTENCES = (
    "bom dia tem dipirona de 500 mg",
    "tem sim a caixa com 10 comprimidos sai por 8 reais",
    "o médico passou prednisolona 20 mg uma vez ao dia por 5 dias",
    "não posso tomar ibuprofeno porque tenho gastrite",
    "a losartana de 50 mg está em falta mas tenho a de 100",
    "pode ser o genérico da amoxicilina",
    "a senhora tem alergia a algum remédio",
    "tome 2,5 ml de 8 em 8 horas sempre depois das refeições",
    "vou levar também um protetor solar",
    "esse xarope serve para criança de 2 anos",
)
_MISHEARD = {
    "dipirona": "dipirina", "prednisolona": "prednisona", "losartana": "lozartan", "500": "50", "2,5": "25",
    "não": "", "amoxicilina": "amoxilina", "ibuprofeno": "buprofeno", "genérico": "generico", "sim": "sim sim",
}  # fmt: skip


def _misheard(said: str, rate: float, dice: random.Random) -> str:
    words = []
    for word in said.split():
        if dice.random() >= rate:
            words.append(word)
            continue
        words += dice.choice(([_MISHEARD.get(word, "uma")], [], [word, "então"]))
    return " ".join(word for word in words if word)


def _part(part: Part, comparison: Comparison) -> PartAnalysis:
    names = comparison.providers
    rows: list[Row] = []
    every: list[Row] = []
    for file in comparison.files:
        if part is Part.ORIGINALS:
            pieces: list[Row] = [(file, "", file.reference, file.outcomes, 0.0, file.duration_s or 0.0)]
        else:
            pieces = [
                (file, piece.name, piece.reference, piece.outcomes, piece.start_s, piece.end_s)
                for piece in file.segments
            ]
        every += pieces
        rows += [piece for piece in pieces if all(name in piece[3] and piece[3][name].score for name in names)]
    if not names:
        rows = []
    scores = {name: [piece[3][name].score or score_pair("", "") for piece in rows] for name in names}
    owners = [piece[0].name for piece in rows]
    words = [piece[3][names[0]].score.reference_words for piece in rows] if names else []  # type: ignore[union-attr]
    errors = {name: [score.errors for score in scores[name]] for name in names}
    pairs = tuple(
        PairResult(
            found.a, found.b, found.comparison, found.p_holm,
            mapsswe([("a", "a")], [("a", "a")]), _sentence(found.a, found.b, found.comparison.verdict),
        )
        for found in compare_all(names, words, errors, owners)
    )  # fmt: skip
    winner = next((name for name in names if _beats_all(name, pairs)), None) if pairs else None
    medicine = tuple(
        MedicineFinding(piece[0].name, piece[1], name, error, piece[4], piece[5])
        for piece in rows
        for name in names
        for error in medicine_errors(piece[2] or "", piece[3][name].text or "").errors
    )
    return PartAnalysis(
        part=part,
        providers=tuple(_provider(name, scores[name], words, owners, rows, every) for name in names),
        pairs=pairs,
        coverage=_coverage(part, comparison, rows, every),
        verdict=f"{winner} tem o menor WER, com segurança." if winner else "Empate: os dados não apontam um vencedor.",
        winner=winner,
        slices=(),
        medicine=medicine,
        inventions=(),
        confusions=_confusions(scores),
        suspects=_suspects(rows, names),
        disagreements=_disagreements(every, names),
        files=_files(part, rows, names),
    )


def _sentence(a: str, b: str, verdict: str) -> str:
    if verdict == "empate":
        return f"{a} e {b}: empate; seriam precisos uns 40 arquivos para decidir."
    better, worse = (a, b) if verdict == "a" else (b, a)
    return f"{better} erra menos que {worse}: de 1,2 a 4,5 pontos, com segurança."


def _beats_all(name: str, pairs: Sequence[PairResult]) -> bool:
    mine = [pair for pair in pairs if name in (pair.a, pair.b)]
    return all(pair.comparison.verdict == ("a" if pair.a == name else "b") for pair in mine)


def _bare(scores: Sequence[Score]) -> Score:
    return replace(sum_scores(scores), alignment=[])


def _provider(
    name: str,
    scores: Sequence[Score],
    words: Sequence[int],
    owners: Sequence[str],
    rows: Sequence[Row],
    every: Sequence[Row],
) -> ProviderScores:
    total = _bare(scores)
    low, high = wer_interval([score.errors for score in scores], words, owners) if scores else (None, None)
    medicine = sum_medicine_errors(medicine_errors(piece[2] or "", piece[3][name].text or "") for piece in rows)
    outcomes = [piece[3][name] for piece in every if name in piece[3]]
    reasons = Counter(outcome.reason for outcome in outcomes if outcome.state is State.FAILED)
    dice = random.Random(name)
    return ProviderScores(
        provider=name,
        score=total,
        wer=Interval(total.wer if scores else None, low, high),
        files=len(set(owners)),
        utterances=len(rows),
        accent_only=0,
        cut_errors=0,
        medicine=replace(medicine, errors=()),
        medicine_wrong=Interval(medicine.wrong_share, None, None),
        inventions=Inventions(0, 1, dice.randrange(9), 0, total),
        effort=Effort(
            latency=summarize_latency([dice.uniform(0.3, 2.5) for _ in outcomes]),
            real_time_factor=0.2,
            cost_brl_per_hour=round(dice.uniform(0, 2), 2),
            cost_brl=0.5,
            lost_brl=0.0,
            attempts=len(outcomes),
            calls=len(outcomes),
            empty=sum(outcome.state is State.EMPTY for outcome in outcomes),
            failures=tuple(Failure(reason, count) for reason, count in reasons.most_common()),
        ),
    )


def _coverage(part: Part, comparison: Comparison, rows: Sequence[Row], every: Sequence[Row]) -> Coverage:
    counted = {piece[0].name for piece in rows}
    missing = len(every) - len(rows)
    left_out = (LeftOut("sem referência", 0, missing),) if missing else ()
    what = "segmentos" if part is Part.SEGMENTS else "originais"
    sentence = (
        f"Notas sobre {len(counted)} de {len(comparison.files)} arquivos e {len(rows)} de {len(every)} {what};"
        f" fora da conta: {missing} (sem referência ou com falha)."
    )
    return Coverage(
        len(comparison.files), len(counted), len(every), len(rows), len(counted), left_out, sentence
    )  # fmt: skip


def _confusions(scores: Mapping[str, Sequence[Score]]) -> tuple[Confusion, ...]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for name, several in scores.items():
        for score in several:
            for step, said, other in score.alignment:
                if step == "substitute":
                    found.setdefault((said or "", other or ""), Counter())[name] += 1
    confusions = [
        Confusion(said, other, sum(by.values()), dict(by), said.startswith(("dipir", "predn", "losar")), False)
        for (said, other), by in found.items()
    ]
    return tuple(sorted(confusions, key=lambda one: -one.count))


def _suspects(rows: Sequence[Row], names: Sequence[str]) -> tuple[Suspect, ...]:
    return tuple(
        Suspect(piece[0].name, piece[1], "tomar", "levar", "não posso", "ibuprofeno porque", piece[4], piece[5], False)
        for piece in rows[:3]
        if len(names) > 1
    )


def _disagreements(every: Sequence[Row], names: Sequence[str]) -> tuple[Disagreement, ...]:
    found = []
    for piece in every:
        texts = [piece[3][name].text for name in names if name in piece[3] and piece[3][name].text is not None]
        differing = words = 0
        for a, b in combinations(texts, 2):
            score = score_pair(a or "", b or "")
            differing += score.errors
            words += max(score.reference_words, score.hypothesis_words)
        if len(texts) > 1:
            rate = differing / words if words else 0.0
            found.append(Disagreement(piece[0].name, piece[1], rate, differing, (), piece[2] is not None))
    return tuple(sorted(found, key=lambda one: -one.rate))


def _files(part: Part, rows: Sequence[Row], names: Sequence[str]) -> dict[tuple[str, str], FileErrors]:
    files: dict[tuple[str, str], FileErrors] = {}
    for file in dict.fromkeys(piece[0].name for piece in rows):
        mine = [piece for piece in rows if piece[0].name == file]
        for name in names:
            places = tuple(
                ErrorPlace(piece[4], piece[5], step, said, other, piece[1], False)
                for piece in mine
                for step, said, other in (piece[3][name].score or score_pair("", "")).alignment
                if step != "equal"
            )
            scores = [piece[3][name].score or score_pair("", "") for piece in mine]
            wrong = sum(bool(medicine_errors(one[2] or "", one[3][name].text or "").errors) for one in mine)
            files[file, name] = FileErrors(file, name, file, sum_scores(scores), len(mine), wrong, places)
    return files


def stored_run_of(comparison: Comparison) -> StoredRun:
    """The run that such a comparison would have come from, to be judged by `analyse`."""

    def answers(outcomes: Mapping[str, Outcome]) -> dict[str, Answer]:
        return {name: _answer(name, outcome) for name, outcome in outcomes.items()}

    files = tuple(
        HeardFile(
            file.name, file.duration_s, file.problem, file.remarks,
            None if file.reference is None else Reference(file.reference), answers(file.outcomes),
            tuple(
                HeardSegment(one.name, one.start_s, one.end_s, one.snr_db, answers(one.outcomes))
                for one in file.segments
            ),
        )
        for file in comparison.files
    )  # fmt: skip
    header = RunHeader(RUN.name, RUN.started_at, RUN.ended_at, RUN.settings, comparison.providers, 5.40)
    return StoredRun(header, files, {file.name: FileFacts() for file in comparison.files}, {})


def _answer(provider: str, outcome: Outcome) -> Answer:
    if outcome.text is None:
        return Answer(None, outcome.reason, 1)
    return Answer(Transcript(outcome.text, (), "pt", provider, "modelo", 0.8, sent_as="wav"), "", 1)
