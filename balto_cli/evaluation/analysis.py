"""All that the answers of a run say, as one value: rates, how sure they are, where errors lie.

`analyse` takes a stored run and asks nobody. What it returns stands in `findings`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from balto_cli.evaluation.collection import no_collection
from balto_cli.evaluation.effects import cutting_effects
from balto_cli.evaluation.findings import Analysis, Mark, Part, PartAnalysis, RevisionKey, RunInfo
from balto_cli.evaluation.headers import CONVERSATION, column_of
from balto_cli.evaluation.judging import judge_prepared, prepare, scorer
from balto_cli.evaluation.normalize import normalize
from balto_cli.evaluation.part_analysis import Material, analyse_part
from balto_cli.evaluation.utterances import score_parts
from balto_cli.evaluation.versions import rule_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from balto_cli.evaluation.rates import (
        CuttingEffect,
    )
    from balto_cli.evaluation.scores import Score
    from balto_cli.evaluation.stored_run import StoredRun
    from balto_cli.evaluation.utterances import ScoredFile, ScoredPart


@no_collection()
def analyse(run: StoredRun, *, revision: Mapping[RevisionKey, Mark] | None = None) -> Analysis:
    """Judge every answer of a run anew and sum up what they say.

    `revision` holds a person's marks; with it every provider gets a second score.
    """
    normalized: dict[str, str] = {}

    def normalizer(text: str) -> str:
        found = normalized.get(text)
        if found is None:
            found = normalized[text] = normalize(text)
        return found

    providers = run.header.providers
    prepared = [prepare(file, normalizer) for file in run.files]
    score = scorer()
    comparison = judge_prepared(prepared, providers, score)
    units = {name: facts.unit or name for name, facts in run.facts.items()}
    unit: Literal["arquivo", "conversa"] = "conversa" if _has_conversations(run) else "arquivo"
    material = Material(run, comparison, prepared, normalizer, unit, revision)
    scored = score_parts(_parts(run), comparison.files, prepared, providers, units, unit, score)
    parts = {part.part: analyse_part(part, material) for part in scored}
    return Analysis(
        run=_run_info(run),
        comparison=comparison,
        unit=unit,
        parts=parts,
        cutting=_cutting(scored, units),
        details={name: facts.details for name, facts in run.facts.items() if facts.details},
        revised=revision is not None,
        remarks=_remarks(run, parts),
        audio={name: facts.path for name, facts in run.facts.items() if facts.path},
    )


def _parts(run: StoredRun) -> list[Part]:
    asked = run.header.settings.get("partes", [])
    return [part for part in Part if part.value in asked]


def _has_conversations(run: StoredRun) -> bool:
    return any(column_of(facts.details, CONVERSATION) is not None for facts in run.facts.values())


def _cutting(scored: Sequence[ScoredPart], units: Mapping[str, str]) -> tuple[CuttingEffect, ...]:
    """Files that count in both parts, with the same words of their reference."""
    if len(scored) < len(Part):
        return ()
    whole, cut = ({file.name: file for file in part.files} for part in scored)
    compared = [name for name in scored[0].providers if name in scored[1].providers]
    both = [name for name in whole if name in cut and whole[name].reference == cut[name].reference]

    def of(files: Mapping[str, ScoredFile]) -> dict[str, dict[str, Score]]:
        return {provider: {name: files[name].scores[provider] for name in both} for provider in compared}

    return cutting_effects(of(whole), of(cut), units)


def _run_info(run: StoredRun) -> RunInfo:
    header = run.header
    return RunInfo(
        header.name,
        header.started_at,
        header.ended_at,
        header.settings,
        header.versions,
        rule_versions(),
        header.reais_per_dollar,
    )


def _remarks(run: StoredRun, parts: Mapping[Part, PartAnalysis]) -> tuple[str, ...]:
    remarks = []
    if run.header.versions != rule_versions():
        remarks.append("Notas refeitas com as regras deste Balto, que não são as de quando a execução foi feita.")
    for part in parts.values():
        untimed = [scores.provider for scores in part.providers if scores.inventions.untimed_words]
        if untimed:
            remarks.append(
                f"Sem tempos de palavras, não se sabe o que foi ouvido fora da fala: {', '.join(untimed)}."
            )  # fmt: skip
    return tuple(remarks)
