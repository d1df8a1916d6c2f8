"""`balto compare --server`: the recordings played into a running server, and what it heard beside the offline run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.cli.console import TerminalProgress, print_result, say
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from balto_cli.audio.inputs import InputFile
    from balto_cli.evaluation.live_parity import Parity
    from balto_cli.evaluation.results import Comparison
    from balto_cli.live_playing import Played
    from balto_cli.pipeline import PipelineConfig
    from balto_cli.settings import Settings

_FROM_SETTINGS = "-"
_FILE = "ao_vivo.json"
"""In the run's folder."""


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """Where the server is and the counter's key."""

    url: str
    key: str


def find_server(url: str, settings: Settings) -> ServerAccess:
    """The server that `--server` names. Raises `UsageError` where the address or the key is missing."""
    address = settings.server_url if url in ("", _FROM_SETTINGS) else url
    if address is None:
        raise UsageError("Falta o servidor: dê a URL a --server ou ponha BALTO_SERVER_URL no ambiente ou no .env.")
    if not address.startswith(("http://", "https://")):
        raise UsageError(f"{address} não é o endereço de um servidor: use http://ENDEREÇO:PORTA.")
    if settings.api_key is None:
        raise UsageError("Falta a chave do balcão: ponha BALTO_API_KEY no ambiente ou no arquivo .env.")
    return ServerAccess(address, settings.api_key.get_secret_value())


def play_at(access: ServerAccess, files: Sequence[InputFile], speed: float) -> dict[str, Played]:
    """Play the recordings there. Raises `LiveError`."""
    import asyncio

    from balto_cli.live_playing import play

    with TerminalProgress() as progress:
        return asyncio.run(play(files, access.url, access.key, speed=speed, progress=progress))


def find_parity(comparison: Comparison, played: Mapping[str, Played]) -> Parity:
    """What the server heard beside what was heard offline, of the first provider."""
    from balto_cli.evaluation.live_parity import Parity, Piece, compare_heard, uncompared
    from balto_cli.evaluation.results import NOT_DONE

    first = comparison.providers[0]
    files = []
    for file in comparison.files:
        live = played[file.name]
        if problem := file.problem or live.problem:
            files.append(uncompared(file.name, problem))
            continue
        outcomes = [(part, part.outcomes.get(first, NOT_DONE)) for part in file.segments]
        offline = [Piece(part.start_s, part.end_s, one.state, one.text or "") for part, one in outcomes]
        told = [Piece(one.start_s, one.end_s, one.state, one.text, one.reason) for one in live.segments]
        files.append(compare_heard(file.name, offline, told))
    providers = {one.provider: None for live in played.values() for one in live.segments if one.provider}
    return Parity(tuple(files), tuple(providers))


def keep_parity(parity: Parity, run: Path) -> None:
    """Write it into the run's folder; says so where that fails."""
    from balto_cli.files import os_reason, write_atomically

    try:
        write_atomically(run / _FILE, json.dumps(parity.as_dict(), ensure_ascii=False, indent=1) + "\n")
    except OSError as error:
        say(f"Não consegui gravar {run / _FILE}: {os_reason(error)}.")


def print_parity(parity: Parity) -> None:
    """For a person."""
    from balto_cli.evaluation.live_parity import parity_lines

    for line in parity_lines(parity):
        print_result(line)


def with_parity(summary: str, parity: Parity) -> str:
    """The summary for machines, with `ao_vivo`."""
    return json.dumps({**json.loads(summary), "ao_vivo": parity.as_dict()}, ensure_ascii=False, indent=1)


def say_other_profile(files: Sequence[InputFile], config: PipelineConfig) -> None:
    """Say of recorded sessions that were cut with other settings than this run's."""
    from balto_cli.evaluation.recorded import recorded_settings

    other = [file.name for file in files if recorded_settings(file.path) not in (None, config.as_dict())]
    if other:
        say(
            f"{len(other)} das sessões gravadas foram cortadas com outro perfil que o desta execução: dê o mesmo com "
            "--perfil para repetir os cortes."
        )
