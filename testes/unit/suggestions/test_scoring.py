"""The table is that of `score_suggestions.py`, judged by the script itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from balto_cli.errors import UsageError
from balto_cli.suggestions import SuggestionEngine
from balto_cli.suggestions.scoring import read_dialogues, score
from testes.shared import require_shared

ENGINE = SuggestionEngine.offline()
SAME = {
    "accuracy": "acertos", "suggestion_precision": "precisao_sugestoes", "silence_accuracy": "silencio",
    "referral_recall": "encaminhar_recall", "referral_precision": "encaminhar_precisao", "repeats": "repetidos",
    "more_than_three": "mais_de_tres", "violations": "violacoes",
}  # fmt: skip


def _labels() -> tuple[Path, list[str]]:
    folder = require_shared("sugestoes")
    return folder, (folder / "dev.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("swapped", [0, 1, 7])
def test_the_table_is_the_scripts(swapped: int, tmp_path: Path) -> None:
    folder, lines = _labels()
    dialogues = list(read_dialogues(lines, "dev"))
    # Answers of other dialogues are wrong in every way there is: repeats, violations, wrong actions.
    answers = [ENGINE.suggest(dialogues[(i + swapped) % len(dialogues)].turns) for i in range(len(dialogues))]
    predictions = tmp_path / "p.jsonl"
    predictions.write_text(
        "\n".join(json.dumps(a.prediction(d.id)) for d, a in zip(dialogues, answers, strict=True)), encoding="utf-8"
    )
    script = subprocess.run(
        [sys.executable, folder / "score_suggestions.py", folder / "dev.jsonl", predictions],
        capture_output=True,
        check=True,
    )
    theirs, ours = json.loads(script.stdout), score(zip(dialogues, answers, strict=True)).as_dict()
    assert {ours_name: theirs[name] for name, ours_name in SAME.items()} == {k: ours[k] for k in SAME.values()}


def test_the_rules_alone_reach_what_was_asked_for_on_the_development_set() -> None:
    _, lines = _labels()
    dialogues = list(read_dialogues(lines, "dev"))
    table = score((d, ENGINE.suggest(d.turns)) for d in dialogues).as_dict()
    assert table["acertos"] >= 0.90
    assert table["precisao_sugestoes"] >= 0.90
    assert table["silencio"] == table["encaminhar_recall"] == 1.0
    assert table["encaminhar_precisao"] >= 0.85
    assert table["violacoes"] == 0


def test_the_recorded_dialogues_get_their_outcome() -> None:
    folder = Path(__file__).parents[2] / "dados" / "balcao"
    cases = [case for path in sorted(folder.glob("*.json")) for case in json.loads(path.read_text("utf-8"))["cases"]]
    table = score((d, ENGINE.suggest(d.turns)) for d in read_dialogues(map(json.dumps, cases), "balcao"))
    assert (table.cases, table.right, table.violations) == (13, 13, [])


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "dados" / "balcao").glob("*.json")), ids=lambda p: p.stem
)
def test_heard_as_one_recording_the_last_customer_gets_the_answer(path: Path) -> None:
    told = json.loads(path.read_text("utf-8"))
    answer = ENGINE.suggest([turn["text"] for turn in told["turns"]])
    assert answer.action == told["cases"][-1]["esperado"]
    assert answer.action != "sugerir" or answer.category in told["cases"][-1]["categorias"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "linha 1: não é JSON"),
        ("{}", "não há turnos"),
        ('{"turnos": [1]}', "não há turnos"),
        ("7", "não há turnos"),
        ('{"turnos": ["oi"], "esperado": "nada"}', "não existe"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        list(read_dialogues([line], "x"))
