"""What numbers count in a pharmacy: units, forms, vessels, time. Several rules look for it behind a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize.rule import word_at

if TYPE_CHECKING:
    from collections.abc import Sequence

UNIT_WORDS = {
    "mg": "miligrama miligramas mgs",
    "mcg": "micrograma microgramas mcgs μg ug",
    "g": "grama gramas",
    "kg": "quilo quilos quilograma quilogramas kilo kilos kgs",
    "ml": "mililitro mililitros mls",
    "l": "litro litros",
    "m": "metro metros",
    "cm": "centímetro centímetros",
    "mm": "milímetro milímetros",
    "km": "quilômetro quilômetros",
    "%": "porcento",
}
UNITS = frozenset((*UNIT_WORDS, "ui", "graus", "grau", "mmhg", "meq"))

_NOUNS = """
    adesivo ampola bisnaga bolsa borrifada caixa cartela colher comprimido copo cápsula dedo dose drágea envelope
    fatia flaconete frasco galão garrafa gota injeção jato lata medida pacote pastilha pedaço pote pílula refil
    sachê seringa supositório tablete tubo unidade vidro xícara
""".split()  # noqa: SIM905
_TIME_NOUNS = {"hora": "horas", "minuto": "minutos", "segundo": "segundos", "dia": "dias", "semana": "semanas",
               "mês": "meses", "ano": "anos", "vez": "vezes"}  # fmt: skip
_PLURALS = {"injeção": "injeções", "galão": "galões", "colher": "colheres", "refil": "refis"}
SINGULAR = {_PLURALS.get(noun, f"{noun}s"): noun for noun in _NOUNS} | {
    plural: noun for noun, plural in _TIME_NOUNS.items()
}
COUNTED = UNITS | SINGULAR.keys() | frozenset(SINGULAR.values())
"""What a number may count in a pharmacy: units, forms, vessels, stretches of time."""
HALVED = COUNTED - {"dia", "segundo"} | {"dúzia"}
"""What "meio" and "meia" take the half of; "meio-dia" is an hour."""


PARTS_OF_DAY = frozenset({"manhã", "tarde", "noite", "madrugada"})
INTERVAL_UNITS = frozenset("h hs hr hrs hora horas dia dias semana semanas mês meses min minuto minutos".split())  # noqa: SIM905
DATE_BEFORE = frozenset(
    {
        "dia",
        "data",
        "desde",
        "nasceu",
        "nasci",
        "nascido",
        "nascida",
        "nascimento",
        "validade",
        "vence",
        "venceu",
        "vencimento",
    }
)


def is_a_date_context(words: Sequence[str], at: int) -> bool:
    """Tell whether what stands at `at` is introduced as a date and is not followed by something that is counted."""
    return word_at(words, at - 1) in DATE_BEFORE and word_at(words, at + 1) not in COUNTED | INTERVAL_UNITS
