"""What `balto doctor` found: a table for a person, JSON for a machine."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import TYPE_CHECKING

from balto_cli.diagnosis import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.diagnosis import Check

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red"}
_WIDTH = 200
"""Where the output goes to a file: no cell is cut."""


def print_diagnosis(checks: Sequence[Check]) -> None:
    """Print the table and a last line that sums it up, to standard output."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("O quê", "Estado", "O que foi encontrado", "O que fazer"):
        table.add_column(column, overflow="fold")
    for check in checks:
        table.add_row(check.name, Text(check.state, style=_STYLES[check.state]), check.found, check.todo)
    console = Console(markup=False, highlight=False)
    if console.is_terminal:
        console.print(table)
    else:
        page = io.StringIO()
        Console(file=page, markup=False, highlight=False, width=_WIDTH).print(table)
        console.file.write("".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines()))
    console.print(_verdict(checks))


def diagnosis_json(checks: Sequence[Check]) -> str:
    """The same for a machine."""
    counts = Counter(check.state for check in checks)
    data = {
        "checagens": [
            {"nome": check.name, "estado": check.state, "encontrado": check.found, "fazer": check.todo}
            for check in checks
        ],
        "avisos": counts[State.WARNING],
        "falhas": counts[State.FAILED],
    }
    return json.dumps(data, ensure_ascii=False, indent=1)


def _verdict(checks: Sequence[Check]) -> str:
    counts = Counter(check.state for check in checks)
    failed, warned = counts[State.FAILED], counts[State.WARNING]
    if not failed and not warned:
        return "Tudo certo."
    parts = [
        f"{count} {one if count == 1 else many}"
        for count, one, many in ((failed, "falha", "falhas"), (warned, "aviso", "avisos"))
        if count
    ]
    return f"{' e '.join(parts)}: veja a última coluna."
