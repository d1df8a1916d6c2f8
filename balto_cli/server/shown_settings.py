"""The settings as people may see them: all of them, and nothing that opens a door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from balto_cli.settings import Settings, variables

_SET = "definido"
_UNSET = ""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A variable as a person may see it."""

    name: str
    value: str
    """A secret's is only that there is one."""
    meaning: str
    given: bool
    """Other than the default."""


def settings_rows(settings: Settings) -> list[SettingRow]:
    """Every variable, with nothing in it that opens a door."""
    names = variables()
    return [
        SettingRow(
            names[name],
            _shown(getattr(settings, name, field.default)),
            _sentence(field.description or ""),
            getattr(settings, name, field.default) != field.default,
        )
        for name, field in Settings.model_fields.items()
    ]


def _sentence(description: str) -> str:
    text = description.removeprefix("Servidor: ").replace("`", "")
    return text[:1].upper() + text[1:]


def _shown(value: Any) -> str:
    if value is None or value == ():
        return _UNSET
    if isinstance(value, SecretStr):
        return _SET
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, float):
        return f"{value:g}".replace(".", ",")
    return _without_password(str(value))


def _without_password(text: str) -> str:
    """An address without who it is for."""
    if "://" not in text:
        return text
    try:
        if urlsplit(text).password is None and "?" not in text:
            return text
        return make_url(text).set(query={}).render_as_string(hide_password=True)
    except (ValueError, ArgumentError):
        # Whatever cannot be read as an address may hide a password anywhere.
        return _SET
