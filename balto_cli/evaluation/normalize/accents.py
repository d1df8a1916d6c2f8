"""Words that only an accent parts: avó and avô, não and nao. They differ, and are counted as a class of their own."""

from __future__ import annotations

import unicodedata


def accents_apart(a: str, b: str) -> bool:
    """Tell whether two texts differ, and only in their accents, til and cedilla; case and Unicode form do not count."""
    one, other = (unicodedata.normalize("NFC", text.casefold()) for text in (a, b))
    return one != other and _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return "".join(mark for mark in unicodedata.normalize("NFD", text) if unicodedata.category(mark) != "Mn")
