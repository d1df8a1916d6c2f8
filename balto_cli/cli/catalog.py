"""`balto catalog`: a pharmacy's own products, and the pharmacist's review of what may be suggested."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.language import Command, Group
from balto_cli.cli.operator import client_id, operate, wall_clock
from balto_cli.cli.options import read_settings
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from balto_cli.store.store import Store

catalog = typer.Typer(
    cls=Group,
    add_completion=False,
    rich_markup_mode=None,
    help="Produtos próprios da farmácia e a revisão do farmacêutico.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_ACTOR = "operador"


@catalog.command("import", cls=Command)
def import_products(
    arquivo: Annotated[Path, typer.Argument(metavar="ARQUIVO", help="Produtos em CSV ou XLSX.", show_default=False)],
    cliente: Annotated[
        str | None,
        typer.Option(
            "--cliente",
            metavar="NOME",
            show_default=False,
            help="Guarda-os para os balcões desta rede, no lugar dos que ela tinha; o servidor os usa em seguida.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="CSV",
            show_default=False,
            help="Guarda aqui os produtos conferidos, para `balto suggest --catalogo`.",
        ),
    ] = None,
) -> int:
    """Confere os produtos próprios da farmácia, linha a linha; sem --cliente nem --output, só confere."""  # fmt: skip
    from balto_cli.suggestions.importing import read_own, write_own

    count = len(read_own(arquivo))
    if output is not None:
        write_own(arquivo, output)
        say(f"{count} produtos conferidos e gravados em {output}.")
    if cliente is not None:
        _keep(arquivo, cliente, count)
        say(f"{count} produtos conferidos e guardados para {cliente}.")
    if output is None and cliente is None:
        say(f"{count} produtos conferidos, nada gravado (use --cliente ou --output).")
    return 0


@catalog.command("review", cls=Command)
def review(
    arquivo: Annotated[
        Path | None,
        typer.Argument(metavar="PLANILHA", help="A planilha assinada, para ler de volta.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="XLSX", help="Grava a planilha para assinar.", show_default=False),
    ] = None,
    cliente: Annotated[
        str | None,
        typer.Option(
            "--cliente",
            metavar="NOME",
            show_default=False,
            help="Com os produtos próprios desta rede; a assinatura vale só para ela. Sem isto, vale para todas.",
        ),
    ] = None,
) -> int:
    """Grava a planilha de revisão dos produtos e das regras, ou lê a assinada, guarda-a e diz o que falta."""
    from balto_cli.settings import data_folder
    from balto_cli.suggestions.review import read_sheet, write_sheet
    from balto_cli.suggestions.shelf import Shelves
    from balto_cli.suggestions.signatures import read_signatures, write_signatures

    if (arquivo is None) == (output is None):
        raise UsageError("Use --output XLSX para gravar a planilha, ou dê a planilha assinada para ler: um dos dois.")
    settings = read_settings()
    shelves = Shelves(data_folder(settings))
    owner = _client_id(cliente)
    products = shelves.catalogue(owner)
    if output is not None:
        count, rules = write_sheet(output, products)
        say(f"{count} produtos e {rules} regras em {output}.")
        return 0
    assert arquivo is not None
    if signatures := read_sheet(arquivo, products):
        path = shelves.signatures_path(owner)
        write_signatures(path, {**read_signatures(path), **signatures})
        _note("assinar", {"cliente": owner or "todos", "assinaturas": len(signatures)})
    found = shelves.review(owner)
    print_result(found.summary())
    for code in (*found.refused, *found.outdated):
        product = products.by_id.get(code)
        state = "recusado" if code in found.refused else "mudou"
        print_result(f"{state}: {code}{f' {product.name}' if product else ''}")
    return 0


def _client_id(name: str | None) -> str | None:
    if name is None:
        return None

    async def work(store: Store) -> str:
        return await client_id(store, name)

    return operate(read_settings(), work)


def _keep(path: Path, client_name: str, count: int) -> None:
    from balto_cli.settings import data_folder
    from balto_cli.suggestions.importing import write_own
    from balto_cli.suggestions.shelf import Shelves

    owner = _client_id(client_name)
    assert owner is not None
    write_own(path, Shelves(data_folder(read_settings())).products_path(owner))
    _note("importar", {"cliente": owner, "produtos": count})


def _note(action: str, detail: dict[str, object]) -> None:
    """What may be suggested has changed: the audit keeps it."""

    async def work(store: Store) -> None:
        await store.audit(_ACTOR, action, "catalogo", detail, wall_clock())

    operate(read_settings(), work)
