"""How long the rules take: from the start of a program to its first decision, and a turn of each labelled dialogue."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from statistics import median

import numpy as np

from balto_cli.suggestions import SuggestionEngine
from testes.bench.report import number, table
from testes.shared import DATA
from testes.simulador.options import ROOT
from testes.unit.suggestions.dialogues import FRESH, written

STARTS = 9
START = """
import time
from balto_cli.suggestions import SuggestionEngine
engine = SuggestionEngine.offline()
engine.suggest(["tem dipirona?"])
print(time.process_time())
"""
BARE = "import time; print(time.process_time())"
START_LIMIT_MS, TURN_LIMIT_MS = 300.0, 2.0
"""What the issue asks."""


def section() -> tuple[str, str]:
    lines = (DATA / "sugestoes" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    labelled = [tuple(json.loads(line)["turnos"]) for line in lines]
    own = [dialogue.turns for dialogue in written(FRESH)]
    starts_ms = [_cpu_ms(START) - _cpu_ms(BARE) for _ in range(STARTS)]
    rows = [
        ("importar, montar e decidir uma vez, CPU", number(median(starts_ms)), number(max(starts_ms)),
         f"< {START_LIMIT_MS:.0f}"),
        *(
            (f"um turno, {name} ({len(turns_ms)} turnos)", number(float(np.median(turns_ms)), 2),
             number(float(np.percentile(turns_ms, 95)), 2), f"p95 < {TURN_LIMIT_MS:.0f}")
            for name, turns_ms in (("`dev.jsonl`", _turns_ms(labelled)), ("diálogos próprios", _turns_ms(own)))
        ),
    ]  # fmt: skip
    notes = (
        f"ms de CPU; o início é a mediana e o pior de {STARTS} processos, sem o que o Python vazio leva. Cada turno é "
        "decidido com os que vieram antes dele, como ao vivo, uma só vez; antes, as mesmas conversas com outras "
        f"palavras esquentam os padrões. Carga da máquina: {number(os.getloadavg()[0], 1)}."
    )
    return "Regras das sugestões", f"{table(('', 'mediana', 'p95 ou pior', 'meta'), rows)}\n\n{notes}"


def _cpu_ms(program: str) -> float:
    """What a program says that it took, with its bytecode kept as anywhere."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return 1000 * float(done.stdout)


def _turns_ms(dialogues: list[tuple[str, ...]]) -> list[float]:
    """CPU of each turn as it is said; the first pass over other words has compiled what patterns there are."""
    engine = SuggestionEngine.offline()
    for turns in dialogues:
        engine.suggest([f"então {turn}" for turn in turns])
    found = []
    for turns in dialogues:
        for end in range(1, len(turns) + 1):
            begun_s = time.process_time()
            engine.suggest(turns[:end])
            found.append(1000 * (time.process_time() - begun_s))
    return found
