"""All checks, in the order in which a person reads them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.diagnosis.check import Check, State, from_error
from balto_cli.diagnosis.configuration import (
    check_certificates,
    check_env_file,
    check_names,
    check_profile,
    check_proxies,
)
from balto_cli.diagnosis.host import (
    check_clock,
    check_data_folder,
    check_open_files,
    check_proxy_trust,
    check_sync,
)
from balto_cli.diagnosis.keys import check_keys
from balto_cli.diagnosis.machine import (
    PORT,
    check_decoder,
    check_disk,
    check_folder,
    check_port,
    check_python,
    check_speech_detection,
    check_temporary_folder,
)
from balto_cli.diagnosis.whisper import check_engine
from balto_cli.errors import UsageError
from balto_cli.settings import Settings, cache_folder, data_folder, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKBOOKS = Path("planilhas")
"""Where `compare` writes unless it is told otherwise."""


def examine(*, network: bool) -> Iterator[Check]:
    """Look at everything; without `network` the keys are read and not tried."""
    yield check_python()
    yield check_env_file(Path(".env"))
    try:
        settings = load_settings()
    except UsageError as error:
        yield from_error("configuração", State.FAILED, error)
        settings = Settings.model_construct()
    else:
        yield from check_names()
    yield check_profile(settings.perfil)
    yield check_decoder()
    yield from check_speech_detection()
    yield check_engine(settings, cache_folder())
    yield check_folder("pasta das planilhas", WORKBOOKS, "entre em outra pasta ou use --output")
    yield check_folder("pasta de cache", cache_folder(), "dê permissão à pasta, ou defina BALTO_WHISPER com os pesos")
    yield check_temporary_folder()
    yield check_disk([Path.cwd(), cache_folder()])
    yield check_port(settings.port or PORT)
    yield check_data_folder(data_folder(settings))
    yield check_sync(data_folder(settings))
    yield check_open_files(settings)
    yield check_clock(datetime.now().astimezone())
    yield check_proxy_trust(settings)
    yield check_proxies()
    yield check_certificates()
    yield from check_keys(settings, network=network)
