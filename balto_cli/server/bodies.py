"""What comes with a request, read and checked: JSON bodies and the filters of a query."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from balto_cli.server.errors import RestError
from balto_cli.store.records import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

MAX_JSON_BYTES = 64 * 1024
DEFAULT_LIMIT = 100
MAX_LIMIT = 500
_NAMED = r"[0-9A-Za-zÀ-ÿ]"
# Letters are named one by one: what is white space differs from one engine of expressions to the next.
EMAIL = r"^[0-9A-Za-zÀ-ÿ.!#$%&'*+/=?_{|}~-]{1,64}@[0-9A-Za-zÀ-ÿ.-]{1,180}\.[0-9A-Za-z-]{2,63}$"
CODE = r"^[0-9]{6}$"
# What RFC 3339 allows, with an offset; a `+` that a query turned into a space is taken for what it was.
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+ -][0-9]{2}:[0-9]{2})$"

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_NAMED)]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Cliente(_Body):
    """POST /cadastro/cliente."""

    email: Annotated[str, Field(max_length=254, pattern=EMAIL)]
    razao_social: Name
    telefone: Annotated[str, Field(min_length=1, max_length=40, pattern=r"[0-9]")]


class Balcao(_Body):
    """POST /cadastro/balcao."""

    nome_balcao: Name
    user_codigo: Annotated[str, Field(pattern=CODE)]


class Login(_Body):
    """POST /admin/login."""

    password: Annotated[str, Field(min_length=1, max_length=1_000)]


class Analisar(_Body):
    """POST /api/test/analisar."""

    texto: Annotated[str, Field(max_length=20_000, pattern=_NAMED)]


Body = TypeVar("Body", bound=_Body)


async def read_json(request: web.Request, model: type[Body]) -> Body:
    """The body, held against its model. Raises `RestError` with 400, 413, 415 or 422."""
    if request.content_type != "application/json":
        raise RestError(415, "tipo_invalido", "Mande o corpo como application/json.")
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > MAX_JSON_BYTES:
            raise RestError(413, "corpo_grande", "O corpo passa de 64 KB.")
    try:
        return model.model_validate_json(bytes(data))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        if any(problem["type"] == "json_invalid" for problem in problems):
            raise RestError(400, "json_invalido", "O corpo não é JSON válido, em UTF-8.") from None
        fields = sorted({str(problem["loc"][0]) for problem in problems if problem["loc"]})
        if not fields:
            raise RestError(422, "campo_invalido", "O corpo precisa ser um objeto JSON.") from None
        raise RestError(422, "campo_invalido", f"Campo que falta ou não serve: {', '.join(fields)}.") from None


def read_scope(query: Mapping[str, str]) -> Scope:
    """The filters `sessao`, `balcao_id`, `desde`, `ate`. Raises `RestError` 422."""
    return Scope(
        session_id=_identity(query, "sessao"),
        counter_id=_identity(query, "balcao_id"),
        since=_moment(query, "desde"),
        until=_moment(query, "ate"),
    )


def read_limit(query: Mapping[str, str]) -> int:
    """`limite`, 1 to 500. Raises `RestError` 422."""
    text = query.get("limite")
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise _invalid("limite", f"um número de 1 a {MAX_LIMIT}")
    return int(text)


def _identity(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return str(UUID(text))
    except ValueError:
        raise _invalid(name, "um identificador (UUID)") from None


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        if not re.fullmatch(_MOMENT, text, re.ASCII):
            raise ValueError
        day, clock = text[:10], text[11:].upper().replace(" ", "+")
        return datetime.fromisoformat(f"{day}T{clock}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid(name, "um momento com fuso, como 2026-11-03T09:15:00-03:00") from None


def _invalid(name: str, wanted: str) -> RestError:
    return RestError(422, "campo_invalido", f"{name} precisa ser {wanted}.")
