"""The one settings object: environment and `.env`, read once at the edge and passed down.

Names are those of the protocol (`BALTO_…`, and the providers' own for their keys). An unknown name that begins with
`BALTO_` is reported, since it is nearly always a misspelt one; a value that cannot be read is an error that says which.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from balto_cli.errors import UsageError

_PREFIX = "BALTO_"


KEYED_PROVIDERS = ("elevenlabs", "assemblyai", "deepgram", "gladia", "openai", "xai")
"""Providers that need a key, named as on the command line."""


def key_variable(provider: str) -> str:
    """The variable that holds a provider's key: `ELEVENLABS_API_KEY`."""
    return f"{provider.upper()}_API_KEY"


class Access(BaseModel):
    """How one provider is reached."""

    model_config = ConfigDict(frozen=True)

    key: SecretStr | None = None
    base_url: str | None = None
    """Another address than the provider's own: a proxy, a stand-in."""


def _key(provider: str) -> Any:
    return Field(None, validation_alias=AliasChoices(key_variable(provider)), description=f"Chave: {provider}")


def _base_url(provider: str) -> Any:
    names = (f"{provider.upper()}_BASE_URL", f"{key_variable(provider)}_BASE_URL")
    return Field(
        None, validation_alias=AliasChoices(*names), description=f"Outro endereço: {provider} (proxy, simulador)"
    )


def _plain(name: str, default: Any, description: str, **options: Any) -> Any:
    """A field whose variable has no prefix, as other programs know it too."""
    return Field(default, validation_alias=AliasChoices(name), description=description, **options)


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
    dolar: float | None = Field(None, gt=0, description="Reais por dólar, para os custos; o padrão tem data")

    server_url: str | None = Field(None, description="Servidor para `balto compare --server` e `balto ouvir`")
    api_key: SecretStr | None = Field(None, description="Chave do balcão para `balto compare --server` e `balto ouvir`")

    host: str = _plain("HOST", "127.0.0.1", "Servidor: endereço em que ouve; 0.0.0.0 para a rede toda")
    port: int | None = _plain(
        "PORT", None, "Servidor: porta; sem ela, 8765 ou a primeira livre depois", ge=1, le=65_535
    )
    admin_secret: SecretStr | None = _plain(
        "ADMIN_SECRET", None, "Servidor: segredo do administrador; sem ele, o primeiro início cria um e o mostra"
    )
    data: Path | None = Field(
        None, description="Servidor: pasta do banco, do áudio e do que falta transcrever; o padrão é a do usuário"
    )
    database_url: str | None = _plain(
        "DATABASE_URL", None, "Servidor: banco, `sqlite:///…` ou `postgresql://…`; o padrão é SQLite em BALTO_DATA"
    )
    modo: Literal["sugestao", "observacao"] = Field(
        "sugestao", description="Servidor: `observacao` decide e guarda, sem enviar sugestões"
    )
    llm: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Servidor: quem escolhe entre o que as regras permitem, na ordem: `xai`, `openai`, com modelo como "
        "em `openai:gpt-4o-mini`; `nenhum` deixa só as regras; sem ela, quem tiver chave",
    )
    llm_orcamento: float = Field(5.0, ge=0, description="Servidor: reais por dia para essas escolhas")
    proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="Servidor: endereços ou redes dos proxies reversos em cujos cabeçalhos se acredita"
    )
    max_sessions: int = Field(400, ge=1, description="Servidor: sessões ao mesmo tempo")
    max_sessions_key: int = Field(4, ge=1, description="Servidor: sessões ao mesmo tempo de uma chave")
    max_sessions_address: int = Field(50, ge=1, description="Servidor: sessões ao mesmo tempo de um endereço")
    rate_limits: Literal["on", "off"] = Field(
        "on", description="Servidor: `off` tira os limites de tentativas, só para quem chama da própria máquina"
    )
    retencao_audio_horas: float = Field(
        0, ge=0, le=24 * 365, description="Servidor: horas que o áudio fica depois de transcrito"
    )
    retencao_transcricoes_dias: float = Field(
        30, gt=0, le=365 * 10, description="Servidor: dias que as transcrições ficam"
    )

    elevenlabs_key: SecretStr | None = _key("elevenlabs")
    elevenlabs_base_url: str | None = _base_url("elevenlabs")
    assemblyai_key: SecretStr | None = _key("assemblyai")
    assemblyai_base_url: str | None = _base_url("assemblyai")
    assemblyai_sync_base_url: str | None = _base_url("assemblyai_sync")
    deepgram_key: SecretStr | None = _key("deepgram")
    deepgram_base_url: str | None = _base_url("deepgram")
    gladia_key: SecretStr | None = _key("gladia")
    gladia_base_url: str | None = _base_url("gladia")
    openai_key: SecretStr | None = _key("openai")
    openai_base_url: str | None = _base_url("openai")
    xai_key: SecretStr | None = _key("xai")
    xai_base_url: str | None = _base_url("xai")

    def access(self, provider: str) -> Access:
        """Key and address of one of `KEYED_PROVIDERS`."""
        return Access(key=getattr(self, f"{provider}_key"), base_url=getattr(self, f"{provider}_base_url"))

    @field_validator("providers", "proxies", "llm", mode="before")
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
        names = ", ".join(_variable(str(item["loc"][0])) for item in error.errors() if item["loc"])
        raise UsageError(f"Valor inválido em {names}: confira o ambiente e o arquivo .env.") from None
    except (OSError, UnicodeDecodeError):
        raise UsageError("O arquivo .env desta pasta não pôde ser lido: salve-o como texto UTF-8.") from None


def variables() -> dict[str, str]:
    """The variable that each field of `Settings` is read from."""
    return {
        name: str(field.validation_alias.choices[0])
        if isinstance(field.validation_alias, AliasChoices)
        else f"{_PREFIX}{name.upper()}"
        for name, field in Settings.model_fields.items()
    }


def _variable(location: str) -> str:
    """The variable behind a field, which pydantic names by its alias where it has one."""
    return variables().get(location, location)


def unknown_names() -> list[str]:
    """Names in the environment or `.env` that begin with `BALTO_` and mean nothing here."""
    from dotenv import dotenv_values

    known = set(variables().values())
    given = {name.upper() for name in (*os.environ, *dotenv_values(".env")) if name.upper().startswith(_PREFIX)}
    return sorted(given - known)


def data_folder(settings: Settings) -> Path:
    """Where the server keeps everything."""
    return settings.data or platformdirs.user_data_path("balto", appauthor=False)


def cache_folder() -> Path:
    """Where weights are kept for this user."""
    return platformdirs.user_cache_path("balto", appauthor=False)
