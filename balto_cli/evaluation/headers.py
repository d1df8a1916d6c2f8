"""What the columns of people's tables are called: headers are matched without case, accents and signs."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = ("arquivo", "arquivo de audio", "nome do arquivo", "nome", "audio", "gravacao", "file", "file name", "filename",
        "audio file", "audio filepath", "audio path", "path", "caminho", "wav")  # fmt: skip
REFERENCE = ("referencia", "texto de referencia", "texto", "transcricao", "transcricao de referencia", "reference",
             "text", "transcript", "transcription", "sentence", "ref")  # fmt: skip
CONVERSATION = ("conversa", "id da conversa", "id conversa", "conversation", "conversation id", "atendimento",
                "dialogo", "ligacao", "chamada", "call id")  # fmt: skip
HOUR = ("hora", "horario", "data e hora", "data hora", "inicio utc", "time", "datetime", "timestamp")
FORMAT = ("formato", "formato da referencia", "format")
ALTERNATIVES = ("alternativas", "alternatives")
"""What a format column, or parentheses behind the header of the reference, say of `{a / b}` and `(words)`."""


def header_key(header: object) -> str:
    """A header in plain small letters and digits, words parted by one space."""
    decomposed = unicodedata.normalize("NFKD", str(header).casefold())
    letters = (character if character.isalnum() else " " for character in decomposed if not _is_mark(character))
    return " ".join("".join(letters).split())


def column_of(headers: Iterable[str], names: Iterable[str]) -> str | None:
    """The first header that is one of `names`, the earlier name before the later; None without one."""
    by_key = {header_key(header): header for header in reversed(list(headers))}
    return next((by_key[name] for name in names if name in by_key), None)


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0
