"""The REST interface as OpenAPI 3.1; tests hold the code to it and it to the code."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from balto_cli import __version__
from balto_cli.server.bodies import DEFAULT_LIMIT, MAX_LIMIT, Analisar, Balcao, Cliente, Login
from balto_cli.server.export import XLSX

_JSON = "application/json"
_ADMIN: list[dict[str, list[str]]] = [{"segredo": []}, {"painel": []}]
_ANYONE: list[dict[str, list[str]]] = [{"segredo": []}, {"painel": []}, {"chave": []}]
_NUMBER = {"type": "number"}
_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}
_UUID = {"type": "string", "format": "uuid"}
_REFUSALS = {
    400: "O pedido está malformado.",
    401: "Falta a credencial, ou ela não vale.",
    403: "A credencial não dá esse direito.",
    409: "Já existe.",
    413: "Grande demais.",
    415: "O corpo é de outro tipo.",
    422: "Um campo falta ou não serve.",
    429: "Tentativas demais; `Retry-After` diz em segundos quando tentar de novo.",
    503: "O servidor não pode responder agora; `Retry-After` diz quando tentar de novo.",
}


@lru_cache(maxsize=1)
def openapi() -> dict[str, Any]:
    """The document, as plain JSON."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Balto", "version": __version__, "description": "O lado REST de `balto serve`."},
        "paths": {
            "/cadastro/cliente": {
                "post": _operation(
                    "Cadastra um cliente e dá o código com que seus balcões se cadastram",
                    _ADMIN,
                    _json(201, "Código de seis dígitos, por 15 minutos", _object({"codigo": _TEXT})),
                    (400, 401, 403, 413, 415, 422, 429, 503),
                    body=_body(Cliente),
                )
            },
            "/cadastro/balcao": {
                "post": _operation(
                    "Cadastra um balcão e dá a sua chave, mostrada só agora",
                    [],
                    _json(
                        201,
                        "A chave do balcão",
                        _object({"api_key": _TEXT, "balcao_id": _UUID, "status": {"type": "string", "const": "ativo"}}),
                    ),
                    (400, 403, 409, 413, 415, 422, 429, 503),
                    body=_body(Balcao),
                )
            },
            "/api/test/segmentar": {
                "post": _operation(
                    "Corta uma gravação em segmentos, como uma sessão faria",
                    _ANYONE,
                    _json(
                        200,
                        "Os segmentos",
                        _object({"segments": _list(_SEGMENT), "total_segments": {"type": "integer"}}),
                    ),
                    (400, 401, 403, 413, 415, 422, 429, 503),
                    body=_form({}),
                )
            },
            "/api/test/transcrever": {
                "post": _operation(
                    "Transcreve uma gravação por um dos provedores do servidor",
                    _ANYONE,
                    _json(200, "A transcrição", _TRANSCRIPT),
                    (400, 401, 403, 413, 415, 422, 429, 503),
                    body=_form({"provider": _TEXT}),
                )
            },
            "/api/test/analisar": {
                "post": _operation(
                    "Diz o que seria sugerido sobre um texto, um turno por linha",
                    _ANYONE,
                    _json(200, "A decisão", _DECISION),
                    (400, 401, 403, 413, 415, 422, 429, 503),
                    body=_body(Analisar),
                )
            },
            "/api/data/interacoes": {
                "get": _operation(
                    "Interações, a mais nova primeiro",
                    _ADMIN,
                    _json(200, "Uma página", _object({"interacoes": _list(_INTERACTION), "proximo": _MAYBE})),
                    (401, 403, 422, 429, 503),
                    parameters=[*_FILTERS, _LIMIT, _query("cursor", _TEXT, "`proximo` da página anterior")],
                ),
                "delete": _operation(
                    "Apaga interações onde quer que estejam guardadas; ao menos um filtro",
                    _ADMIN,
                    _json(
                        200,
                        "Quanto foi apagado",
                        _object({"sessoes": {"type": "integer"}, "segmentos": {"type": "integer"}}),
                    ),
                    (401, 403, 422, 429, 503),
                    parameters=_FILTERS,
                ),
            },
            "/api/export/xlsx": {
                "get": _operation(
                    "Planilha de interações e custos",
                    _ADMIN,
                    _file(XLSX, "A planilha"),
                    (401, 403, 413, 422, 429, 503),
                    parameters=_FILTERS,
                )
            },
            "/api/export/dados": {
                "get": _operation(
                    "Tudo o que está guardado, um objeto JSON por linha",
                    _ADMIN,
                    _file("application/x-ndjson", "As linhas"),
                    (401, 403, 422, 429, 503),
                    parameters=_FILTERS,
                )
            },
            "/admin/login": {
                "post": _operation(
                    "Dá o cookie do painel, por 12 horas",
                    [],
                    _json(200, "O cookie vai em Set-Cookie", _object({"status": _TEXT})),
                    (400, 401, 403, 413, 415, 422, 429, 503),
                    body=_body(Login),
                )
            },
            "/health": {
                "get": _operation("O processo está vivo", [], _json(200, "Vivo", _object({"status": _TEXT})), ())
            },
            "/ready": {
                "get": _operation(
                    "Se o servidor aceita sessões",
                    [],
                    {**_json(200, "Aceita", _READY), **_json(503, "Não aceita; `problemas` diz por quê", _READY)},
                    (),
                )
            },
            "/metrics": {
                "get": _operation(
                    "Números para o Prometheus; de fora da máquina, só para o administrador",
                    [{}, *_ADMIN],
                    _file("text/plain", "Texto do Prometheus"),
                    (401, 403, 429, 503),
                )
            },
            "/openapi.json": {"get": _operation("Este documento", [], _json(200, "OpenAPI", {"type": "object"}), ())},
        },
        "components": {
            "securitySchemes": {
                "segredo": {"type": "http", "scheme": "bearer", "description": "Segredo do administrador"},
                "chave": {"type": "http", "scheme": "bearer", "description": "Chave de um balcão"},
                "painel": {"type": "apiKey", "in": "cookie", "name": "balto_admin"},
            },
            "schemas": {
                "Erro": _object({"erro": _object({"codigo": _TEXT, "mensagem": _TEXT})}),
            },
        },
    }


def _operation(
    summary: str,
    security: list[dict[str, list[str]]],
    answers: dict[str, Any],
    refusals: tuple[int, ...],
    *,
    body: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "security": security,
        "responses": answers | {str(status): _refusal(status) for status in refusals},
    }
    if body:
        operation["requestBody"] = body
    if parameters:
        operation["parameters"] = parameters
    return operation


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Erro"}
    answer: dict[str, Any] = {"description": _REFUSALS[status], "content": {_JSON: {"schema": schema}}}
    if status in (429, 503):
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
    return answer


def _json(status: int, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {str(status): {"description": description, "content": {_JSON: {"schema": schema}}}}


def _file(media_type: str, description: str) -> dict[str, Any]:
    return {"200": {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}}


def _body(model: Any) -> dict[str, Any]:
    schema = model.model_json_schema()
    schema.pop("description", None)
    return {"required": True, "content": {_JSON: {"schema": schema}}}


def _form(fields: dict[str, Any]) -> dict[str, Any]:
    audio = {"type": "string", "format": "binary", "description": "Gravação em qualquer contêiner, até 32 MB"}
    schema = {"type": "object", "properties": {"audio": audio, **fields}, "required": ["audio"]}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


_MOMENT = {"type": "string", "format": "date-time"}
_FILTERS = [
    _query("sessao", _UUID, "Só esta sessão"),
    _query("balcao_id", _UUID, "Só este balcão"),
    _query("desde", _MOMENT, "Dito neste momento ou depois"),
    _query("ate", _MOMENT, "Dito antes deste momento"),
]
_LIMIT = _query(
    "limite", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}, "Quantas por página"
)
_READY = _object({"pronto": {"type": "boolean"}, "problemas": _list(_TEXT)})
_SEGMENT = _object(
    {
        "size_bytes": {"type": "integer"},
        "duration_sec": _NUMBER,
        "audio_base64": {"type": "string", "contentEncoding": "base64", "contentMediaType": "audio/wav"},
        "inicio_s": _NUMBER,
        "fim_s": _NUMBER,
        "corte": {"enum": ["pausa", "limite", "fim"]},
    }
)
_WORD = _object({"texto": _TEXT, "inicio_s": _NUMBER, "fim_s": _NUMBER, "confianca": {"type": ["number", "null"]}})
_TRANSCRIPT = _object(
    {
        "texto": _TEXT,
        "palavras": _list(_WORD),
        "provedor": _TEXT,
        "modelo": _TEXT,
        "duracao_s": _NUMBER,
        "latencia_s": _NUMBER,
        "custo_brl": _NUMBER,
    }
)
_DECISION = _object(
    {
        "acao": {"enum": ["sugerir", "silencio", "encaminhar"]},
        "categoria": _MAYBE,
        "motivo": _MAYBE,
        "mensagem": {"type": "object"},
    }
)
_STAGES = ("recebido", "fim_da_fala", "corte", "envio", "transcrito", "sugerido", "entregue")
_INTERACTION = _object(
    {
        "id_interacao": _UUID,
        "sessao": _UUID,
        "balcao_id": _UUID,
        "inicio_s": _NUMBER,
        "fim_s": _NUMBER,
        "inicio_utc": _TEXT,
        "texto": _TEXT,
        "estado": {"enum": ["espera", "adiada", "ok", "vazia", "falha"]},
        "motivo": _MAYBE,
        "provedor": _MAYBE,
        "tardia": {"type": "boolean"},
        "etapas": _object(dict.fromkeys(_STAGES, _MAYBE)),
        "resultado": _MAYBE,
    }
)
