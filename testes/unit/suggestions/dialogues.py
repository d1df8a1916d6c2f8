"""Dialogues with what is expected of them: written by hand and generated from templates.

`dialogos.jsonl` has the form of the labelled set (`urgencia` where it is immediate); its dialogues were labelled before
any rule saw them, in the voices of regions, of carers and of attendants who ask.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

WRITTEN = Path(__file__).parent / "dialogos.txt"
FRESH = Path(__file__).parent / "frescos.txt"
KEPT = Path(__file__).parent / "dialogos.jsonl"
_ACTIONS = {"S": "sugerir", "-": "silencio", "E": "encaminhar", "I": "encaminhar"}


@dataclass(frozen=True)
class Expected:
    turns: tuple[str, ...]
    action: str
    categories: frozenset[str] = frozenset()
    banned: tuple[str, ...] = ()
    immediate: bool = False


def written(path: Path = WRITTEN) -> list[Expected]:
    """Those of a file, in order."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        head, _, text = line.partition(" :: ")
        kind, *rest = head.split()
        categories = rest[0].split(",") if rest else []
        banned = rest[1].removeprefix("!").split(",") if len(rest) > 1 else []
        turns = tuple(turn.strip() for turn in text.split("|"))
        found.append(Expected(turns, _ACTIONS[kind], frozenset(categories), tuple(banned), kind == "I"))
    return found


def kept() -> list[Expected]:
    """Those of the JSON lines, in order."""
    rows = [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()]
    return [
        Expected(
            tuple(row["turnos"]),
            row["esperado"],
            frozenset(row["categorias"]),
            tuple(row["proibidos"]),
            row.get("urgencia") == "imediata",
        )
        for row in rows
    ]


_COMPLAINTS = {
    "dor de cabeça": "dor_febre", "uma tosse seca chata": "gripe_tosse", "o nariz entupido": "gripe_tosse",
    "dor de garganta": "boca_garganta", "azia": "digestivo", "muitos gases": "digestivo", "uma afta": "boca_garganta",
    "rinite atacada": "alergia", "micose no pé": "pele", "cólica menstrual": "menstrual", "diarreia": "hidratacao",
    "insônia": "sono_bem_estar", "os olhos secos": "olhos_ouvidos", "prisão de ventre": "digestivo",
}  # fmt: skip
_FRAMES = ("Tô com {}.", "Boa tarde, estou com {}, tem alguma coisa?", "O que vocês têm pra quem tá com {}?")
_ANTIMICROBIALS = ("amoxicilina", "azitromicina", "cefalexina", "ciprofloxacino", "levofloxacino")
_CONTROLLED = ("clonazepam", "sertralina", "alprazolam", "zolpidem", "fluoxetina", "pregabalina")
_RED = ("losartana", "enalapril", "sinvastatina", "metformina", "anlodipino", "levotiroxina")
_REQUESTS = ("Tem {}?", "Me vê uma caixa de {}, por favor.", "Eu queria {}.")
_NO_PAPER = ("Não trouxe a receita.", "Tô sem receita.", "Esqueci a receita em casa.")
_DANGERS = (
    "dor no peito", "falta de ar", "o rosto inchando", "vontade de morrer", "convulsão",
)  # fmt: skip


def generated() -> list[Expected]:
    """Those that follow from pharmacy practice by construction."""
    found = [
        Expected((frame.format(words),), "sugerir", frozenset({category}))
        for (words, category), frame in itertools.product(_COMPLAINTS.items(), _FRAMES)
    ]
    found += [
        Expected((frame.format(words), "E eu tô grávida."), "encaminhar")
        for words, frame in itertools.product(_COMPLAINTS, _FRAMES[:1])
    ]
    for name, frame in itertools.product((*_ANTIMICROBIALS, *_CONTROLLED), _REQUESTS):
        found.append(Expected((frame.format(name),), "encaminhar"))
    for name, frame in itertools.product(_RED, _REQUESTS):
        found.append(Expected((frame.format(name),), "silencio"))
        found += [Expected((frame.format(name), paper), "encaminhar") for paper in _NO_PAPER]
    for name, frame in itertools.product(_RED, _REQUESTS):
        found.append(
            Expected(
                (frame.format(name), "Trouxe a receita, tá aqui."),
                "sugerir",
                frozenset({"cardio_acompanhamento", "aparelho"}),
            )
        )
    found += [Expected((f"Meu vizinho toma {name} faz anos.",), "silencio") for name in (*_CONTROLLED, *_RED)]
    found += [Expected((f"Quanto custa a {name}?",), "silencio") for name in ("dipirona", "loratadina", *_RED)]
    found += [
        Expected((f"{who} tá com {danger}!",), "encaminhar", immediate=True)
        for who, danger in itertools.product(("Meu marido", "Minha mãe", "Meu filho de nove anos"), _DANGERS)
    ]
    found += [Expected((f"Não tô com {words}, só vim pagar a conta.",), "silencio") for words in _COMPLAINTS]
    return found
