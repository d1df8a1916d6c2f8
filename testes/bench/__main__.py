"""`python -m testes.bench [PARTE...]`: measures, and writes what it measured into docs/desempenho.md.

Without a part it measures all. Parts: see `SECTIONS`; `palavras` alone takes most of the time. Exits with 2 where the
practice data are missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from testes.bench import (
    calls,
    certainty,
    cpu,
    delay,
    detection,
    panel,
    report,
    rules,
    scoring,
    short_answers,
    state,
    streams,
    suggesting,
    terms,
    words,
    workbooks,
)
from testes.bench.vad import DEFAULT_DATA

SECTIONS = {
    "deteccao": detection.section,
    "cpu": cpu.section,
    "fluxo": streams.section,
    "curtas": short_answers.section,
    "atraso": delay.section,
    "estado": state.section,
    "palavras": words.section,
    "notas": scoring.section,
    "certeza": certainty.section,
    "planilhas": workbooks.section,
    "termos": terms.section,
    "chamadas": calls.section,
    "painel": panel.section,
    "regras": rules.section,
    "sugestoes": suggesting.section,
}
NEEDED = ("score_vad.py", "vad", "vad-real", "speech", "speech-real", "balcao", "sugestoes")
_TUNING = ("OPENBLAS_", "GOTO_", "OMP_", "MKL_", "NVPL_", "BLIS_")


def main(arguments: list[str]) -> int:
    missing = [name for name in NEEDED if not (DEFAULT_DATA / name).exists()]
    if missing:
        print(
            f"Faltam os conjuntos de treino em ../shared/data: {', '.join(missing)}. Nada foi medido.", file=sys.stderr
        )
        return 2
    unknown = sorted(set(arguments) - set(SECTIONS))
    if unknown:
        print(f"Não há a parte {', '.join(unknown)}: as partes são {', '.join(SECTIONS)}.", file=sys.stderr)
        return 2
    if any(name.startswith(_TUNING) for name in os.environ):
        # Read when the libraries are loaded, so only a new process is without them.
        clean = {name: value for name, value in os.environ.items() if not name.startswith(_TUNING)}
        return subprocess.run([sys.executable, "-m", "testes.bench", *arguments], env=clean, check=False).returncode
    for name in arguments or SECTIONS:
        begun_s = time.perf_counter()
        title, text = SECTIONS[name]()
        report.write({name: (title, text)}, list(SECTIONS))
        print(f"## {title}\n\n{text}\n\n({name}: {time.perf_counter() - begun_s:.0f} s)\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
