"""Checks of the local engine: is it installed, are its weights here."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

from balto_cli.diagnosis.check import Check, State, from_error
from balto_cli.errors import UsageError, WeightsError
from balto_cli.stt.weights import weights_on_disk

if TYPE_CHECKING:
    from pathlib import Path

    from balto_cli.settings import Settings

_NAME = "motor local"


def check_engine(settings: Settings, cache_dir: Path) -> Check:
    """Whether Whisper could run without fetching anything; what is missing fails where the settings ask for it."""
    wanted = any(name.strip().lower().partition(":")[0] == "local" for name in settings.providers)
    try:
        version = importlib.metadata.version("faster-whisper")
    except importlib.metadata.PackageNotFoundError:
        state = State.FAILED if wanted else State.WARNING
        return Check(_NAME, state, "faster-whisper não está instalado", 'pip install -e ".[local]"')
    try:
        weights = weights_on_disk(settings.whisper, cache_dir=cache_dir)
    except (UsageError, WeightsError) as error:
        return from_error(_NAME, State.FAILED, error)
    if weights is None:
        return Check(
            _NAME,
            State.WARNING,
            f"faster-whisper {version}, sem os pesos do Whisper {settings.whisper or 'base'}",
            "o primeiro uso os baixa; sem internet, defina BALTO_WHISPER com a pasta deles",
        )
    checked = "SHA-256 conferido" if weights.pinned else "SHA-256 sem valor de referência"
    return Check(_NAME, State.OK, f"faster-whisper {version}, Whisper {weights.model} em {weights.folder} ({checked})")
