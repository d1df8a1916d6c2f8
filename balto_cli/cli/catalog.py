"""`balto catalog`: a pharmacy's own products, and the pharmacist's review of what may be suggested."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.language import Command, Group
from balto_cli.errors import UsageError

catalog = typer.Typer(
    cls=Group,
    add_completion=False,
    rich_markup_mode=None,
    help="Produtos próprios da farmácia e a revisão do farmacêutico.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@catalog.command("import", cls=Command)
def import_products(
    arquivo: Annotated[Path, typer.Argument(metavar="ARQUIVO", help="Produtos em CSV ou XLSX.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="CSV",
            show_default=False,
            help="Guarda aqui os produtos conferidos, para `balto suggest --catalogo`; sem isto, só confere.",
        ),
    ] = None,
) -> int:
    """Confere os produtos próprios da farmácia, linha a linha, e guarda-os."""  # fmt: skip
    from balto_cli.suggestions.importing import read_own, write_own

    if output is None:
        say(f"{len(read_own(arquivo))} produtos conferidos, nada gravado (use --output).")
        return 0
    say(f"{write_own(arquivo, output)} produtos conferidos e gravados em {output}.")
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
    catalogo: Annotated[
        Path | None,
        typer.Option("--catalogo", metavar="ARQUIVO", help="Inclui os produtos próprios.", show_default=False),
    ] = None,
) -> int:
    """Grava a planilha de revisão dos produtos, ou lê a assinada e diz o que falta."""
    from balto_cli.suggestions.catalogue import load_catalogue
    from balto_cli.suggestions.importing import read_own
    from balto_cli.suggestions.review import read_sheet, write_sheet

    if (arquivo is None) == (output is None):
        raise UsageError("Use --output XLSX para gravar a planilha, ou dê a planilha assinada para ler: um dos dois.")
    products = load_catalogue().with_own(read_own(catalogo) if catalogo else ())
    if output is not None:
        say(f"{write_sheet(output, products)} produtos em {output}.")
        return 0
    assert arquivo is not None
    found = read_sheet(arquivo, products)
    print_result(found.summary())
    for key in (*found.refused, *found.outdated):
        print_result(f"{'recusado' if key in found.refused else 'mudou'}: {key} {products.by_id[key].name}")
    return 0
