"""`--ruido` of `balto compare`: noise mixed into the recordings, and a person's yes to what that costs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from balto_cli.cli.console import TerminalProgress, say
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from balto_cli.audio.inputs import InputFile
    from balto_cli.evaluation.gathering import Gathered
    from balto_cli.evaluation.noise_sweep import Sweep
    from balto_cli.pipeline import PipelineConfig
    from balto_cli.settings import Settings

FOLDER = "ruido"
"""Where the mixtures stand, inside the output folder: a report plays them from there."""


def mix_noise(
    files: Sequence[InputFile],
    gathered: Gathered,
    ratios_db: Sequence[float],
    noise: Path | None,
    config: PipelineConfig,
    folder: Path,
) -> Sweep:
    """Mix noise (a file's, else an air conditioner) into every recording at every ratio."""
    from balto_cli.evaluation.noise_sweep import air_conditioner, read_noise, sweep

    sound = air_conditioner() if noise is None else read_noise(noise)
    with TerminalProgress() as progress:
        return sweep(files, sound, ratios_db, config, folder, gathered.references, gathered.facts, progress)


def accept_cost(
    files: Sequence[InputFile],
    names: Sequence[str],
    settings: Settings,
    config: PipelineConfig,
    *,
    whole: bool,
    cut: bool,
    accepted: bool,
) -> bool:
    """Show what the sweep costs at providers that are paid, and ask; return whether to go on.

    Nothing is asked where all is free or `accepted`. Raises `UsageError` where nobody is there to answer.
    """
    from balto_cli.evaluation.survey import quotes, survey
    from balto_cli.reports.price_table import survey_text
    from balto_cli.stt.prices import REAIS_PER_DOLLAR

    with TerminalProgress() as progress:
        found = survey(files, config, progress, whole=whole, cut=cut)
    priced = tuple(quote for quote in quotes(names, settings, found) if quote.asked)
    if all(quote.cost_brl == 0 for quote in priced):
        return True
    say(survey_text(found, priced, settings.dolar or REAIS_PER_DOLLAR, None))
    if accepted:
        return True
    if not sys.stdin.isatty():
        raise UsageError("--ruido multiplica as chamadas pagas: confira o custo acima e repita com --sim para aceitar.")
    sys.stderr.write("Gastar isso? [s/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("s", "sim")
