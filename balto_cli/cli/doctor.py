"""`balto doctor`: is this machine ready, and if not, what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import print_result
from balto_cli.cli.options import Json

if TYPE_CHECKING:
    from balto_cli.settings import Settings


def doctor(
    sem_rede: Annotated[bool, typer.Option("--sem-rede", help="Não experimenta as chaves nos provedores.")] = False,
    json: Json = False,
) -> int:
    """Confere se esta máquina está pronta (chaves, ffmpeg, pesos, pastas, disco, servidor) e diz o que fazer."""
    from balto_cli.diagnosis import State, examine
    from balto_cli.reports.diagnosis_table import diagnosis_json, print_diagnosis
    from balto_cli.server.diagnosis import examine_server

    checks = (*examine(network=not sem_rede), *examine_server(_settings(), datetime.now(UTC)))
    if json:
        print_result(diagnosis_json(checks))
    else:
        print_diagnosis(checks)
    return 1 if any(check.state is State.FAILED for check in checks) else 0


def _settings() -> Settings:
    """Those that can be read; what cannot is a check of its own."""
    from balto_cli.errors import UsageError
    from balto_cli.settings import Settings, load_settings

    try:
        return load_settings()
    except UsageError:
        return Settings.model_construct()
