"""What analysing a large run and writing both its workbooks takes, in a process of its own."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from itertools import pairwise

from balto_cli.evaluation.analysis import analyse
from balto_cli.evaluation.stored_run import StoredRun
from balto_cli.reports.workbooks import originals_workbook, segments_workbook
from testes.analises import SENTENCES
from testes.bench.report import number, table
from testes.pairs import generated_pairs, misheard
from testes.stored_runs import Told, make_run

FILES, SEGMENTS, PROVIDERS = 200, 50, 5


def section() -> tuple[str, str]:
    shown = subprocess.run(
        [sys.executable, "-m", "testes.bench.workbooks"], capture_output=True, text=True, check=True
    ).stdout.split()
    *seconds, begun_mb, most_mb = map(float, shown)
    names = ("analisar", "Relatorio_Segmentos.xlsx", "Relatorio_Originais.xlsx")
    rows = [(name, f"{number(cpu, 1)} s", "") for name, cpu in zip(names, seconds[:3], strict=True)]
    rows += [
        ("tudo, de CPU", f"{number(sum(seconds[:3]), 1)} s", ""),
        ("tudo, no relógio", f"{number(seconds[3], 1)} s", "60 s"),
        ("memória do processo, no máximo", f"{number(most_mb)} MB", "500 MB"),
    ]
    notes = (
        f"{FILES} arquivos de {SEGMENTS} segmentos, {PROVIDERS} provedores com 8 a 20 % de palavras erradas, de 4 a 40 "
        f"palavras por segmento. A memória inclui as respostas lidas, {number(begun_mb)} MB. Carga da máquina no "
        f"começo e no fim: {number(seconds[4], 1)} e {number(seconds[5], 1)}, em {os.cpu_count()} núcleos."
    )
    return "Planilhas: 10.000 segmentos", f"{table(('', 'medido', 'meta'), rows)}\n\n{notes}"


def large_run() -> StoredRun:
    """Counters' talk, half of it with a medicine, heard worse from provider to provider."""
    source = random.Random(3)
    texts = [reference for reference, _ in generated_pairs(FILES * SEGMENTS, words=(4, 30), seed=1)]
    told = []
    for file in range(FILES):
        said = [
            text if source.random() < 0.5 else f"{source.choice(SENTENCES)} {text}"
            for text in texts[file * SEGMENTS : (file + 1) * SEGMENTS]
        ]
        heard = {
            f"provedor{each}": [misheard(text, 0.08 + 0.03 * each, source.getrandbits(32)) for text in said]
            for each in range(PROVIDERS)
        }
        told.append(Told(f"balcao{file:03d}.wav", said, heard))
    return make_run(told)


def _peak_mb() -> float:
    import resource  # not everywhere

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _measure() -> None:
    run = large_run()
    begun_mb, load, begun_s = _peak_mb(), os.getloadavg()[0], time.perf_counter()
    marks = [time.process_time()]
    analysis = analyse(run)
    marks.append(time.process_time())
    for build in (segments_workbook, originals_workbook):
        build(analysis)
        marks.append(time.process_time())
    cpu = [end - start for start, end in pairwise(marks)]
    print(*cpu, time.perf_counter() - begun_s, load, os.getloadavg()[0], begun_mb, _peak_mb())


if __name__ == "__main__":
    _measure()
