"""`balto suggest`: what the engine would say of stored conversations, and how it does on labelled ones."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.options import number, read_settings
from balto_cli.errors import UsageError
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from balto_cli.suggestions import Suggestion
    from balto_cli.suggestions.scoring import Dialogue, Score


def suggest(
    arquivo: Annotated[
        str | None,
        typer.Argument(
            metavar="ARQUIVO",
            help="Conversas em JSON, uma por linha: lista de turnos ou objeto com `turnos`; `-` é a entrada padrão.",
            show_default=False,
        ),
    ] = None,
    score: Annotated[
        Path | None,
        typer.Option(
            "--score",
            metavar="ROTULOS",
            show_default=False,
            help="Compara com os rótulos deste arquivo e mostra a tabela; sem ARQUIVO, roda as conversas dos rótulos.",
        ),
    ] = None,
    catalogo: Annotated[
        Path | None,
        typer.Option(
            "--catalogo", metavar="ARQUIVO", show_default=False, help="Produtos próprios da farmácia, em CSV ou XLSX."
        ),
    ] = None,
    guardadas: Annotated[
        bool,
        typer.Option(
            "--guardadas",
            help="Refaz as decisões das conversas do banco e mostra as que hoje seriam outras, sem modelo.",
        ),
    ] = False,
    taxas: Annotated[
        bool,
        typer.Option("--taxas", help="Vendas por sugestão enviada: por regra, produto, balcão, hora e modelo."),
    ] = False,
    desde: Annotated[
        str | None,
        typer.Option("--desde", metavar="AAAA-MM-DD", help="Do banco, a partir deste dia.", show_default=False),
    ] = None,
    ate: Annotated[
        str | None, typer.Option("--ate", metavar="AAAA-MM-DD", help="Do banco, antes deste dia.", show_default=False)
    ] = None,
    cliente: Annotated[
        str | None, typer.Option("--cliente", metavar="NOME", help="Do banco, só esta rede.", show_default=False)
    ] = None,
    piso: Annotated[
        float,
        typer.Option(
            "--piso",
            metavar="FRAÇÃO",
            parser=number(0, 1),
            help="Fração de vendas sob a qual uma regra ou produto é marcado.",
        ),
    ] = 0.05,
    json: Annotated[bool, typer.Option("--json", help="Uma decisão em JSON por linha; com --score, a tabela.")] = False,
) -> int:
    """Roda as sugestões, sem rede, sobre conversas; mede-as contra rótulos; do banco, taxas e o que mudaria."""
    if guardadas or taxas:
        if arquivo is not None or score is not None or catalogo is not None or guardadas == taxas:
            raise UsageError("--guardadas e --taxas leem o banco: use um deles, sem ARQUIVO, --score nem --catalogo.")
        from balto_cli.cli.stored import print_again, print_rates

        if taxas:
            print_rates(read_settings(), desde, ate, cliente, piso, json=json)
        else:
            print_again(read_settings(), desde, ate, cliente, json=json)
        return 0
    if desde is not None or ate is not None or cliente is not None:
        raise UsageError("--desde, --ate e --cliente são de --guardadas e --taxas.")
    if arquivo is None and score is None:
        raise UsageError(
            "Diga o arquivo das conversas, `-` para a entrada padrão, --score ROTULOS, --guardadas ou --taxas."
        )
    from balto_cli.suggestions import SuggestionEngine
    from balto_cli.suggestions.importing import read_own
    from balto_cli.suggestions.scoring import score as score_answers

    engine = SuggestionEngine.offline(read_own(catalogo) if catalogo else ())
    labels = {d.id: d for d in _read(str(score))} if score else {}
    dialogues = _read(arquivo) if arquivo is not None else iter(labels.values())
    if score is None:
        for dialogue in dialogues:
            _print(dialogue, engine.suggest(dialogue.turns), json=json)
        return 0
    answers = {d.id: engine.suggest(d.turns) for d in dialogues}
    missing = [key for key in labels if key not in answers]
    if missing:
        say(f"{len(missing)} rótulos não têm conversa e contam como silêncio: {', '.join(missing[:5])}.")
    nothing = engine.suggest(())
    table = score_answers((label, answers.get(key, nothing)) for key, label in labels.items())
    print_result(json_format.dumps(table.as_dict(), ensure_ascii=False) if json else _table(table))
    return 0


def _read(name: str) -> Iterator[Dialogue]:
    from balto_cli.suggestions.scoring import read_dialogues

    if name == "-":
        yield from read_dialogues(sys.stdin, "entrada padrão")
        return
    try:
        with Path(name).open(encoding="utf-8-sig") as lines:
            yield from read_dialogues(lines, Path(name).name)
    except OSError as error:
        raise UsageError(f"Não consegui ler {name}: {os_reason(error)}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name} não está em UTF-8: salve-o de novo assim.") from None


def _print(dialogue: Dialogue, answer: Suggestion, *, json: bool) -> None:
    if json:
        print_result(
            json_format.dumps({"id": dialogue.id, **answer.stored(), "mensagem": answer.wire()}, ensure_ascii=False)
        )
        return
    told = ", ".join(item.name for item in answer.items) or answer.reason
    urgency = f" ({answer.urgency})" if answer.urgency else ""
    print_result(f"{dialogue.id}\t{answer.action}{urgency}\t{answer.category or '-'}\t{told}\t[{answer.rule}]")


def _table(table: Score) -> str:
    def share(part: int, whole: int) -> str:
        return f"{part} de {whole}" + (f" ({part / whole:.1%})".replace(".", ",") if whole else "")

    lines = [
        ("Casos certos", share(table.right, table.cases)),
        ("Sugestões certas, das que foram dadas", share(table.good, table.suggested)),
        ("Silêncios certos, dos esperados", share(table.silent_right, table.silent)),
        ("Encaminhados, dos que deviam", share(table.refer_right, table.to_refer)),
        ("Encaminhamentos certos, dos que foram dados", share(table.refer_right, table.referred)),
        ("Violações de segurança", str(len(table.violations))),
        ("Princípio repetido", str(table.repeats)),
        ("Mais de três itens", str(table.too_many)),
    ]
    width = max(len(name) for name, _ in lines)
    out = [f"{name:<{width}}  {value}" for name, value in lines]
    out += [f"Violação em {key}: {why}" for key, why in table.violations]
    if table.wrong:
        out.append(f"Errados: {', '.join(table.wrong)}")
    return "\n".join(out)
