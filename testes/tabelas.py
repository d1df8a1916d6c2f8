"""Writes the tables of `docs/` from the code (`make docs`); a test fails when one of them is stale."""

from __future__ import annotations

import tempfile
from pathlib import Path

from balto_cli.audio.inputs import find_inputs
from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.normalize import ROUND_TAGS, RULES, SQUARE_TAGS
from balto_cli.evaluation.results import Comparison
from balto_cli.pipeline import PipelineConfig
from balto_cli.pipeline.config import MEANINGS
from balto_cli.reports.segment_files import write_segments
from balto_cli.reports.workbooks import originals_workbook, segments_workbook
from balto_cli.settings import Settings, variables
from testes import tabelas_provedores
from testes.analises import analysis_of
from testes.doubles import Silent
from testes.falhas import attempts_table, sentences_table
from testes.gravacoes import odd_files, said_of_each

DOCS = Path(__file__).parents[1] / "docs"
_MARK = "<!-- tabela: {} -->"


def odd_files_table() -> str:
    """Each odd file of the tests and what Balto says of it."""
    with tempfile.TemporaryDirectory() as folder:
        entrada, saida = Path(folder, "entrada"), Path(folder, "saida")
        entrada.mkdir()
        for odd in odd_files():
            odd.make(entrada / odd.name)
        inputs = find_inputs([entrada])
        written = write_segments(inputs.files, saida, PipelineConfig(), Silent())
        said = said_of_each(written, {file.name for file in inputs.files})
    rows = [(_short(odd.name), odd.what, said[odd.name]) for odd in odd_files()]
    return _table(("Arquivo", "O que é", "O que o Balto diz"), rows)


def pipeline_table() -> str:
    """Every parameter of the pipeline with its default and what it trades."""
    rows = [(f"`{name}`", str(default), MEANINGS[name]) for name, default in PipelineConfig().as_dict().items()]
    return _table(("Parâmetro", "Padrão", "O que é, e o que se troca"), rows)


def settings_table() -> str:
    """Every name that is read from the environment."""
    rows = [
        (f"`{variable}`", Settings.model_fields[name].description or "", _default(Settings.model_fields[name].default))
        for name, variable in variables().items()
    ]
    return _table(("Nome", "Significado", "Padrão"), rows)


def columns_table() -> str:
    """The columns of both workbooks for one provider."""
    import io

    import openpyxl

    rows = []
    empty = Comparison(("PROVEDOR",), ())
    for name, data in (
        ("Relatorio_Originais", originals_workbook(analysis_of(empty, Part.ORIGINALS))),
        ("Relatorio_Segmentos", segments_workbook(analysis_of(empty, Part.SEGMENTS))),
    ):
        header = next(openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True))
        rows.append((f"`{name}.xlsx`", ", ".join(f"`{title}`" for title in header)))
    return _table(("Planilha", "Colunas, na ordem"), rows)


def attempts_by_fault_table() -> str:
    """Faults by providers."""
    header, *rows = attempts_table()
    return _table(header, rows)


def sentences_by_fault_table() -> str:
    """What the person reads of each fault."""
    header, *rows = sentences_table()
    return _table(header, rows)


def rules_table() -> str:
    """Every rule of the normalisation in order, with an example."""
    rows = [(rule.name, rule.description, f"`{rule.example[0]}` → `{rule.example[1]}`") for rule in RULES]
    return _table(("Regra", "O que faz", "Exemplo"), rows)


def tags_table() -> str:
    """The words that make a tag of what stands in brackets."""
    rows = [
        ("`( )` `* *` `[ ]` `< >`", ", ".join(sorted(ROUND_TAGS))),
        ("só `[ ]` e `< >`", ", ".join(sorted(SQUARE_TAGS - ROUND_TAGS))),
    ]
    return _table(("Sinal", "Primeira palavra"), rows)


TABLES = {
    "arquivos-estranhos.md": {"arquivos": odd_files_table},
    "falhas.md": {"tentativas": attempts_by_fault_table, "frases": sentences_by_fault_table},
    "normalizacao.md": {"regras": rules_table, "marcas": tags_table},
    "pipeline.md": {"parametros": pipeline_table},
    "provedores.md": {
        "provedores": lambda: _table(*tabelas_provedores.providers()),
        "envio": lambda: _table(*tabelas_provedores.forms()),
        "precos": lambda: _table(*tabelas_provedores.price_list()),
    },
    "referencia.md": {"ambiente": settings_table, "colunas": columns_table},
}


def rendered(name: str) -> str:
    """The document with its tables made anew."""
    text = (DOCS / name).read_text("utf-8")
    for table, make in TABLES[name].items():
        begin, end = _MARK.format(table), _MARK.format("fim")
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n\n{make()}\n{end}{tail}"
    return text


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _short(name: str) -> str:
    return f"`{name}`" if len(name) <= 40 else f"`{name[:12]}…{name[-8:]}` ({len(name)} caracteres)"


def _default(value: object) -> str:
    return (",".join(map(str, value)) or "–") if isinstance(value, tuple) else "–" if value is None else str(value)


if __name__ == "__main__":
    for name in TABLES:
        (DOCS / name).write_text(rendered(name), "utf-8")
