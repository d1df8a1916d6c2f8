"""Medicine names: the catalogue of what is heard at a counter, and finding it in text.

Knows nothing of what may be offered: that is for the suggestions to decide.
"""

from __future__ import annotations

from balto_cli.terms.catalogue import CatalogueTerm, keyterms, load_terms
from balto_cli.terms.finder import Term, find_terms

__all__ = ["CatalogueTerm", "Term", "find_terms", "keyterms", "load_terms"]
