"""`balto serve`: the live server, until it is told to stop."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.options import Perfil, build_config, build_providers, read_settings

if TYPE_CHECKING:
    from balto_cli.server.app import Server
    from balto_cli.settings import Settings

_STOP_S = 8.0
"""From the signal to the end, whatever hangs."""
_SWITCH_S = 0.0005


def serve(
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="ENDEREÇO", help="Onde ouve; 0.0.0.0 para a rede toda. Vence HOST."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=1,
            max=65_535,
            help="Porta; sem ela, PORT, 8765 ou a primeira livre depois.",
            show_default=False,
        ),
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            "--provider",
            metavar="P[:MODELO]",
            help="Quem transcreve: elevenlabs, assemblyai, deepgram, gladia, openai, local; várias vezes, na ordem em "
            "que um assume se o anterior falha. Sem isto, os de BALTO_PROVIDERS.",
        ),
    ] = None,
    perfil: Perfil = None,
    record: Annotated[
        bool,
        typer.Option(
            "--record",
            help="Guarda cada sessão como uma pasta que `balto compare` lê, por BALTO_RETENCAO_AUDIO_HORAS (sem ela, "
            "24 horas).",
        ),
    ] = False,
) -> int:
    """Ouve os balcões ao vivo: recebe o áudio, corta, transcreve e guarda."""
    settings = read_settings()
    config = build_config(perfil, settings)
    providers = build_providers(provider, settings)
    import asyncio

    from balto_cli.server.app import Server
    from balto_cli.server.logs import set_up_logs

    set_up_logs()
    # The sockets' thread waits this long for the ear's at each call of the system: measured at 100 sessions on one
    # core, the p95 from cut to event falls to less than a half against the default of 5 ms.
    sys.setswitchinterval(_SWITCH_S)
    server = Server(
        settings,
        config=config,
        providers=providers,
        names=[one.name.lower() for one in providers],
        host=host,
        port=port,
        show_secret=say if sys.stderr.isatty() else None,
        record=record,
    )
    if record:
        _say_recording(settings)
    asyncio.run(_run(server))
    return 0


def _say_recording(settings: Settings) -> None:
    from balto_cli.server.recorder import DEFAULT_KEPT_H, FOLDER
    from balto_cli.settings import data_folder

    hours = f"{settings.retencao_audio_horas or DEFAULT_KEPT_H:g}".replace(".", ",")
    say(
        f"As sessões são gravadas em {data_folder(settings) / FOLDER} e apagadas {hours} h depois de terminarem: voz "
        "de clientes é dado sensível, avise quem é ouvido."
    )


async def _run(server: Server) -> None:
    import asyncio
    import contextlib
    import signal
    import threading

    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        watchdog = threading.Timer(_STOP_S, os._exit, (0,))
        watchdog.daemon = True
        watchdog.start()
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    with contextlib.suppress(asyncio.CancelledError):
        async with server:
            print_result(f"Balto ouvindo em {server.address}")
            sys.stdout.flush()
            if server.review is not None:
                say(server.review.summary())
            await stopped.wait()
