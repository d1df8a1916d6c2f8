"""The old line `BALTO_SERVER_URL=… python testes/generate_spreadsheet_report.py`: see `balto compare --server`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from balto_cli.cli import main  # noqa: E402

if __name__ == "__main__":
    given = ["--server", "-", "--output", str(ROOT / "planilhas"), *sys.argv[1:]]
    sys.argv = ["balto", "compare", str(ROOT / "testes" / "1_input"), *given]
    main()
