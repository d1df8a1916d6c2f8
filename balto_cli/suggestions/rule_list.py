"""Every rule by the code that a decision gives for it, in words that a pharmacist can sign."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from balto_cli.suggestions.catalogue import DATA, read_rows
from balto_cli.suggestions.rules import RULES_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REFERS, SUGGESTS, RESTRICTS = "encaminha", "sugere", "restringe"

_IN_CODE = (
    ("bebe_com_febre", REFERS, "Febre em menor de dois anos: atendimento imediato."),
    ("gestante", REFERS, "Gestante com queixa ou pedido de medicamento: farmacêutico."),
    ("lactante", REFERS, "Quem amamenta, com queixa ou pedido de medicamento: farmacêutico."),
    ("menor_de_dois_anos", REFERS, "Sintoma ou medicamento em menor de dois anos: farmacêutico."),
    ("febre_alta", REFERS, "Febre de 39,5 °C ou mais (39 °C em menor de idade): farmacêutico."),
    ("pergunta_com_doenca", REFERS, "Pergunta de um medicamento a quem tem doença ou toma outro: farmacêutico."),
    (
        "febre_com_queixa",
        REFERS,
        "Febre com ferida, diarreia, dor de ouvido e outras que ela agrava: farmacêutico.",
    ),
    ("ouvido_de_crianca", REFERS, "Dor de ouvido em criança: farmacêutico."),
    ("sono_com_controlado", REFERS, "Queixa de sono ou ansiedade em quem toma um controlado: farmacêutico."),
    ("nada_serve", REFERS, "Queixa em quem nada serve, por alergia, doença ou outro remédio: farmacêutico."),
    ("alergia_ao_pedido", REFERS, "Pede um medicamento ao qual declara alergia: farmacêutico."),
    ("cautela", REFERS, "Pede um medicamento que uma condição, a idade ou outro remédio proíbe: farmacêutico."),
    ("retencao_sem_receita", REFERS, "Antimicrobiano ou controlado sem receita válida: farmacêutico."),
    ("pedido_sem_receita", REFERS, "Receita que falta, para algo que não se entendeu: farmacêutico."),
    ("uso_sem_receita", REFERS, "Medicamento sob prescrição, em uso, sem receita válida: farmacêutico."),
    ("tarja_vermelha_sem_receita", REFERS, "Tarja vermelha sem receita: farmacêutico."),
    ("ordem_com_controlado", REFERS, "Ordem falada ao sistema que nomeia um controlado: farmacêutico."),
    ("tarja_vermelha", RESTRICTS, "Tarja vermelha e nada dito da receita: silêncio."),
    ("controlado_com_receita", RESTRICTS, "Só controlado com receita: silêncio."),
    ("complemento:uso_continuo", SUGGESTS, "Medicamento de uso contínuo com receita: porta-comprimidos (M007)."),
)
"""Rules whose words are code, with their codes: `RULES_VERSION` is the version of all of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is signed."""

    code: str
    kind: str
    """`encaminha`, `sugere` or `restringe`."""
    what: str
    words: str
    """The expressions it goes by, as in the table."""
    source: str
    version: str


@lru_cache(maxsize=1)
def list_rules() -> tuple[Rule, ...]:
    """All of them, those that refer first."""
    order = {REFERS: 0, RESTRICTS: 1, SUGGESTS: 2}
    merged: dict[str, Rule] = {}
    for rule in (*_in_code(), *_in_tables()):
        first = merged.get(rule.code)
        # Rows of one code are one rule (a complement with and without prescription).
        merged[rule.code] = rule if first is None else _both(first, rule)
    return tuple(sorted(merged.values(), key=lambda rule: (order[rule.kind], rule.code)))


def rule_versions() -> dict[str, str]:
    """The version of each rule, by code."""
    return {rule.code: rule.version for rule in list_rules()}


def _in_code() -> Iterator[Rule]:
    for code, kind, what in _IN_CODE:
        yield Rule(code, kind, what, "", f"código, versão {RULES_VERSION}", f"código-{RULES_VERSION}")


def _in_tables() -> Iterator[Rule]:
    for row in _rows("encaminhamentos"):
        urgency = "socorro imediato" if row["urgencia"] == "imediata" else "farmacêutico"
        words = f"{row['padrao']} + {row['junto']}" if row["junto"] else row["padrao"]
        yield _rule(row, f"sinal:{row['id']}", REFERS, f"{row['motivo']}: {urgency}", words, row["fonte"])
    for row in _rows("preocupacoes"):
        common = f"; não em {row['comum_em']}" if row["comum_em"] else ""
        what = f"{row['motivo']} ao lado de uma queixa{common}: farmacêutico em vez de produto"
        yield _rule(row, f"preocupacao:{row['id']}", REFERS, what, row["padrao"], "preocupacoes.csv")
    for row in _rows("necessidades"):
        after = f"; depois de {row['dias_maximos']} dias, farmacêutico" if row["dias_maximos"] else ""
        what = f"{row['id']} → produtos de {row['categoria']}{after}"
        yield _rule(row, f"necessidade:{row['id']}", SUGGESTS, what, row["padrao"], "necessidades.csv")
    for row in _rows("complementos"):
        asked = "com receita" if row["receita"] == "sim" else "sem receita"
        what = f"{row['grupo']} {asked} → {row['produtos']} ({row['categoria']}): {row['motivo']}"
        yield _rule(row, f"complemento:{row['grupo']}", SUGGESTS, what, "", "complementos.csv")
    for row in _rows("condicoes"):
        yield _rule(row, f"condicao:{row['alvo']}", RESTRICTS, row["pergunta"], row["padrao"], "condicoes.csv")
    for row in _rows("alergenos"):
        what = f"alergia a {row['alvo']} fecha {row['grupos']}"
        yield _rule(row, f"alergia:{row['alvo']}", RESTRICTS, what, row["padrao"], "alergenos.csv")


def _rows(name: str) -> list[dict[str, str]]:
    return read_rows(DATA / f"{name}.csv")


def _rule(row: Mapping[str, str], code: str, kind: str, what: str, words: str, source: str) -> Rule:
    return Rule(code, kind, what, words, source, _mark(repr(sorted(row.items()))))


def _both(first: Rule, second: Rule) -> Rule:
    return Rule(
        first.code,
        first.kind,
        f"{first.what}\n{second.what}",
        "\n".join(filter(None, (first.words, second.words))),
        first.source,
        _mark(first.version + second.version),
    )


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
