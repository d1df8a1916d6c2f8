"""`balto doctor`: is this machine ready, and if not, what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from balto_cli.cli.console import print_result
from balto_cli.cli.options import Json


def doctor(
    sem_rede: Annotated[bool, typer.Option("--sem-rede", help="Não experimenta as chaves nos provedores.")] = False,
    json: Json = False,
) -> int:
    """Confere se esta máquina está pronta (chaves, ffmpeg, pesos, pastas, porta, disco) e diz o que fazer."""
    from balto_cli.diagnosis import State, examine
    from balto_cli.reports.diagnosis_table import diagnosis_json, print_diagnosis

    checks = tuple(examine(network=not sem_rede))
    if json:
        print_result(diagnosis_json(checks))
    else:
        print_diagnosis(checks)
    return 1 if any(check.state is State.FAILED for check in checks) else 0
