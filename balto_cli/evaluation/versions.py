"""Which rules judged a run: Balto, its catalogue, its normalisation. Old runs are judged anew by the rules of today."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from balto_cli import __version__
from balto_cli.evaluation.normalize import order
from balto_cli.terms.catalogue import DATA


@cache
def rule_versions() -> dict[str, str]:
    """Balto's version and the contents of what decides scores, as short hashes."""
    rules = Path(order.__file__).parent
    return {
        "balto": __version__,
        "catalogo": _content([DATA / "termos.csv"]),
        "normalizacao": _content(sorted(rules.glob("*.py"))),
    }


def _content(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
