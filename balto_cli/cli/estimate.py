"""`--dry-run` of the commands that transcribe: how much there is, and what it would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.cli.console import print_error, print_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.inputs import InputFile
    from balto_cli.evaluation.progress import Progress
    from balto_cli.pipeline import PipelineConfig
    from balto_cli.settings import Settings


def print_survey(
    files: Sequence[InputFile],
    config: PipelineConfig,
    names: Sequence[str] | None,
    settings: Settings,
    progress: Progress,
    *,
    whole: bool,
    cut: bool,
    terms: bool,
    speakers: bool = False,
    budget_brl: float | None = None,
    json: bool = False,
) -> int:
    """Hear the files, ask nobody, and print the price at each provider; return the exit code."""
    from balto_cli.evaluation.survey import quotes, survey
    from balto_cli.reports.price_table import survey_json, survey_text
    from balto_cli.stt.prices import REAIS_PER_DOLLAR
    from balto_cli.stt.registry import parse

    for name in names or settings.providers:
        parse(name)
    found = survey(files, config, progress, whole=whole, cut=cut)
    priced = quotes(names or settings.providers, settings, found, speakers=speakers, terms=terms)
    for name, reason in found.problems:
        print_error(f"{name}: {reason}")
    render = survey_json if json else survey_text
    print_result(render(found, priced, settings.dolar or REAIS_PER_DOLLAR, budget_brl))
    return 1 if found.problems else 0
