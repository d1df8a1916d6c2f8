"""The one settings object: environment and `.env`, read once at the edge and passed down.

Names are those of the protocol (`BALTO_…`). An unknown name that begins with `BALTO_` is reported, since it is nearly
always a misspelt one; a value that cannot be read is an error that says which.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from balto_cli.errors import UsageError

_PREFIX = "BALTO_"


class Settings(BaseSettings):
    """Everything that the environment decides; an option on the command line wins over it."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    providers: Annotated[tuple[str, ...], NoDecode] = Field(
        ("local",), description="Provedores, na ordem de preferência"
    )
    whisper: str | None = Field(
        None, description="Motor local: pasta com os pesos ou nome de um tamanho (base, small, …)"
    )
    perfil: str | None = Field(
        None, description="Perfil do pipeline: um arquivo TOML com os parâmetros do balcão, ou `leve`"
    )

    @field_validator("providers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def load_settings() -> Settings:
    """Read the environment and `.env` of the current folder.

    Raises `UsageError` naming the value that cannot be read.
    """
    try:
        return Settings.model_validate({})
    except ValidationError as error:
        names = ", ".join(f"{_PREFIX}{str(item['loc'][0]).upper()}" for item in error.errors() if item["loc"])
        raise UsageError(f"Valor inválido em {names}: confira o ambiente e o arquivo .env.") from None
    except (OSError, UnicodeDecodeError):
        raise UsageError("O arquivo .env desta pasta não pôde ser lido: salve-o como texto UTF-8.") from None


def unknown_names() -> list[str]:
    """Names in the environment or `.env` that begin with `BALTO_` and mean nothing here."""
    from dotenv import dotenv_values

    known = {f"{_PREFIX}{field.upper()}" for field in Settings.model_fields}
    given = {name.upper() for name in (*os.environ, *dotenv_values(".env")) if name.upper().startswith(_PREFIX)}
    return sorted(given - known)


def cache_folder() -> Path:
    """Where weights are kept for this user."""
    return platformdirs.user_cache_path("balto", appauthor=False)
