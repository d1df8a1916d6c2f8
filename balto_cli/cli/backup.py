"""`balto backup` and `balto restore`: what the server keeps, copied while it runs and put back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.options import read_settings
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from balto_cli.server.backup_file import Manifest

_ACTOR = "operador"


def backup(
    destino: Annotated[
        Path, typer.Argument(metavar="[DESTINO]", help="Pasta dos backups, ou o nome de um arquivo .zip.")
    ] = Path(),
    so_apagamentos: Annotated[
        bool,
        typer.Option(
            "--so-apagamentos",
            help="Só atualiza, na pasta DESTINO, a lista do que foi apagado e revogado; leva um instante.",
        ),
    ] = False,
) -> int:
    """Copia banco, áudio guardado, gravações e catálogos em um arquivo conferido, com o servidor ligado ou não."""
    from balto_cli.server.backup import make_backup, save_orders

    settings = read_settings()
    if so_apagamentos:
        if destino.suffix == ".zip":
            raise UsageError("--so-apagamentos grava em uma pasta: dê a dos backups.")
        path, count = save_orders(settings, destino)
        print_result(str(path))
        say(f"Ordens de apagar, revogar ou remover na lista: {count}.")
        return 0
    made = make_backup(settings, destino, _ACTOR)
    print_result(str(made.path))
    say(f"Conferido: {_held(made.manifest)}; {_size(made.bytes)}.")
    if made.same_disk:
        say("Está no mesmo disco que os dados: leve-o para outra máquina.")
    return 0


def restore(
    arquivo: Annotated[Path, typer.Argument(metavar="ARQUIVO", help="O .zip que balto backup gravou.")],
    substituir: Annotated[
        bool, typer.Option("--substituir", help="Põe de lado o que já está na pasta de dados.")
    ] = False,
    apagamentos: Annotated[
        Path | None,
        typer.Option(
            "--apagamentos",
            metavar="LISTA",
            help="Outra lista do que foi apagado depois; a que está ao lado do backup e o banco atual já valem.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Põe um backup na pasta de dados (BALTO_DATA), com o servidor parado, e apaga de novo o que foi apagado depois."""
    from balto_cli.server.restore import restore_backup

    done = restore_backup(read_settings(), arquivo, replace_all=substituir, orders_from=apagamentos, actor=_ACTOR)
    print_result(str(done.folder))
    taken = f"{done.manifest.copied_at.astimezone():%d/%m/%Y %H:%M}"
    say(f"Restaurado o backup de {taken}: {_held(done.manifest)}.")
    if done.orders:
        say(f"Feito de novo o que foi pedido depois dele (ordens: {done.orders}, interações apagadas: {done.erased}).")
    known = done.known_until
    if known is None:
        say(f"Não há lista de apagamentos: o que foi apagado ou revogado depois de {taken} precisa ser feito de novo.")
    else:
        say(f"Apagamentos e revogações conhecidos até {known.astimezone():%d/%m/%Y %H:%M}; refaça os de depois.")
    if done.aside is not None:
        say(f"O que estava na pasta foi para {done.aside}: confira, e apague, pois tem o que foi dito.")
    return 0


def _held(manifest: Manifest) -> str:
    rows, files = manifest.rows, manifest.files
    recordings = sum(name.startswith("gravacoes/") and name.endswith("/sessao.json") for name in files)
    return (
        f"interações: {_number(rows.get('segments', 0))}, sessões: {_number(rows.get('sessions', 0))}, "
        f"chaves: {_number(rows.get('keys', 0))}, gravações: {_number(recordings)}"
    )


def _number(count: int) -> str:
    return f"{count:,}".replace(",", ".")


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB".replace(".", ",")
