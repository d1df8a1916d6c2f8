"""`balto ouvir`: the microphone, or a recording, sent to a live server; what it answers, printed."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated, Any

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.options import Json, read_settings
from balto_cli.errors import AudioError, UsageError


def ouvir(
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="Servidor, http://ENDEREÇO:PORTA; sem ele, BALTO_SERVER_URL."),
    ] = None,
    arquivo: Annotated[
        Path | None,
        typer.Option("--arquivo", metavar="ARQUIVO", help="Uma gravação em vez do microfone.", show_default=False),
    ] = None,
    rapido: Annotated[
        bool, typer.Option("--rapido", help="Envia a gravação tão depressa quanto o servidor a ouve.")
    ] = False,
    json: Json = False,
) -> int:
    """Envia o microfone ou uma gravação a um servidor e mostra o que ele ouve; a chave vem de BALTO_API_KEY."""
    settings = read_settings()
    server = url or settings.server_url
    if server is None:
        raise UsageError("Falta o servidor: dê a URL ou ponha BALTO_SERVER_URL no ambiente ou no .env.")
    if settings.api_key is None:
        raise UsageError("Falta a chave do balcão: ponha BALTO_API_KEY no ambiente ou no arquivo .env.")
    if arquivo is not None and not arquivo.exists():
        raise UsageError(f"Não encontrei {arquivo}: confira o caminho.")
    import asyncio

    from balto_cli.live_client import converse
    from balto_cli.live_sound import microphone, recording

    sound = recording(arquivo, None if rapido else 1.0) if arquivo else microphone(say)
    try:
        asyncio.run(converse(server, settings.api_key.get_secret_value(), sound, _print_json if json else _print))
    except AudioError as error:
        raise UsageError(f"{arquivo}: {error}") from None
    return 0


def _print_json(event: dict[str, Any]) -> None:
    print_result(json_format.dumps(event, ensure_ascii=False))


def _print(event: dict[str, Any]) -> None:
    """One line an event that a person wants to read."""
    command = event["comando"]
    if command == "autenticado":
        say(f"Sessão {event['sessao']}" + (" retomada." if event["retomada"] else "."))
    elif command == "transcricao":
        text = event["texto"] if event["estado"] == "ok" else f"[{event['motivo'] or event['estado']}]"
        print_result(f"{_clock(event['inicio_s'])}  {text}")
    elif command == "recomendar":
        print_result(f"{'':9}→ {event.get('mensagem') or event.get('produto')}")
    elif command == "encaminhar":
        print_result(f"{'':9}→ chame o farmacêutico: {event.get('motivo')}")
    elif command == "aviso":
        say(f"Aviso do servidor: {event['codigo']}.")
    elif command == "erro":
        say(event["mensagem"])
    elif command == "lacuna":
        say(f"{event['amostras'] / 16_000:.1f} s de áudio se perderam na queda.".replace(".", ",", 1))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes):02d}:{rest:05.2f}".replace(".", ",")
