"""`python -m balto_cli.suggestions.precompile`: writes `data/letras.json`, so that patterns need no study at the start.

Run it after editing a table of patterns; without it the engine gives the same answers and starts more slowly.
"""

from __future__ import annotations

import json

from balto_cli.files import write_atomically
from balto_cli.suggestions.catalogue import read_rows
from balto_cli.suggestions.families import families_version
from balto_cli.suggestions.letters import KEPT, required_letters
from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.phrases import TABLE


def kept_letters() -> str:
    """The letters of every pattern of the tables, as JSON, valid as long as the families of words are the same."""
    lexicon = load_lexicon()
    patterns = [
        *(need.pattern for need in lexicon.needs),
        *(pattern for sign in lexicon.signs for pattern in (sign.pattern, sign.together) if pattern),
        *(worry.pattern for worry in lexicon.worries),
        *(condition.pattern for condition in lexicon.conditions if condition.pattern),
        *(allergen.pattern for allergen in lexicon.allergens),
    ]
    sources = {part for pattern in patterns for way in pattern.alternatives for part in way.parts}
    sources |= {row["padrao"] for row in read_rows(TABLE)}
    found = {source: required_letters(source) for source in sorted(sources)}
    letters = {source: None if stems is None else sorted(stems) for source, stems in found.items()}
    return json.dumps({"familias": families_version(), "letras": letters}, ensure_ascii=False, indent=0) + "\n"


if __name__ == "__main__":
    write_atomically(KEPT, kept_letters())
