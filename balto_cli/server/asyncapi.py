"""`/ws` described as AsyncAPI 3.0, served at `/asyncapi.json`; a test holds every message of a conversation to it."""

from __future__ import annotations

from typing import Any

from balto_cli import __version__
from balto_cli.server import protocol

_ID = {"type": "string", "format": "uuid"}
_SECONDS = {"type": "number", "minimum": 0}
_SAMPLES = {"type": "integer", "minimum": 0}
_REF = {"type": ["string", "integer"]}
_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_SEQ = {"type": "integer", "minimum": 1}


def _message(command: str, summary: str, fields: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    properties = {"comando": {"const": command}, **fields}
    required = [name for name in properties if name not in optional]
    payload = {"type": "object", "properties": properties, "required": required}
    return {"name": command, "summary": summary, "contentType": "application/json", "payload": payload}


def _said(command: str, summary: str, fields: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return _message(command, summary, {"seq": _SEQ, **fields}, optional)


CLIENT: dict[str, dict[str, Any]] = {
    "auth": _message(
        "auth",
        "Primeira mensagem, inteira em até 10 s da conexão",
        {
            "api_key": _TEXT,
            "versao": {"const": protocol.VERSION},
            "formato": {"enum": list(protocol.FORMATS)},
            "taxa_hz": {"type": "integer", "minimum": protocol.MIN_RATE_HZ, "maximum": protocol.MAX_RATE_HZ},
            "canais": {"enum": [1, 2]},
            "eventos": {"type": "array", "items": {"enum": list(protocol.OPTIONAL_EVENTS)}},
            "sessao": _ID,
            "ultimo_seq": _SAMPLES,
            "cliente": {"type": "string", "maxLength": protocol.CLIENT_NAME_CHARS},
            "vad_settings": {"type": "object"},
        },
        (
            "comando",
            "versao",
            "formato",
            "taxa_hz",
            "canais",
            "eventos",
            "sessao",
            "ultimo_seq",
            "cliente",
            "vad_settings",
        ),
    ),
    "feedback": _message(
        "feedback", "O que foi feito de uma sugestão", {"id_interacao": _ID, "resultado": _TEXT, "ref": _REF}, ("ref",)
    ),
    "ping": _message("ping", "Respondido por pong", {"ref": _REF}, ("ref",)),
    "encerrar": _message("encerrar", "Corta o que está aberto, espera o que falta e fecha com 1000", {}),
}
"""What a client says, by `comando`; audio is binary."""

SERVER: dict[str, dict[str, Any]] = {
    "autenticado": _said(
        "autenticado",
        "A chave vale",
        {
            "versao": {"const": protocol.VERSION},
            "balcao_id": _ID,
            "sessao": _ID,
            "retomada": {"type": "boolean"},
            "recebido_s": _SECONDS,
            "recebido_amostras": _SAMPLES,
            "inicio_utc": {"type": "string", "format": "date-time"},
            "retomavel_s": _SAMPLES,
            "limites": {
                "type": "object",
                "properties": {"mensagem_bytes": _SAMPLES, "fila_s": _SAMPLES},
                "required": ["mensagem_bytes", "fila_s"],
            },
        },
    ),
    "recebido": _said(
        "recebido",
        "O que vem antes está no disco para sempre",
        {"recebido_s": _SECONDS, "recebido_amostras": _SAMPLES, "atraso_s": _SECONDS},
    ),
    "segmento": _said(
        "segmento",
        "Um segmento foi cortado e guardado",
        {
            "id_interacao": _ID,
            "inicio_s": _SECONDS,
            "fim_s": _SECONDS,
            "corte": {"enum": ["pausa", "limite", "fim", "queda"]},
        },
    ),
    "transcricao": _said(
        "transcricao",
        "Uma para cada segmento, em ordem de inicio_s",
        {
            "id_interacao": _ID,
            "texto": _TEXT,
            "inicio_s": _SECONDS,
            "fim_s": _SECONDS,
            "provedor": _MAYBE_TEXT,
            "estado": {"enum": ["ok", "vazia", "falha"]},
            "motivo": _MAYBE_TEXT,
            "tardia": {"type": "boolean"},
        },
    ),
    "recomendar": _said(
        "recomendar",
        "O que oferecer, enquanto o momento dura",
        {
            "id_interacao": _ID,
            "produto": _TEXT,
            "explicacao": _TEXT,
            "transcricao_base": _TEXT,
            "categoria": _TEXT,
            "mensagem": _TEXT,
            "confianca": {"enum": ["alta", "media", "baixa"]},
            "itens": {"type": "array", "maxItems": 3, "items": {"type": "object"}},
            "atendente": _TEXT,
            "latencia_ms": _SAMPLES,
            "perguntas": {"type": "array", "maxItems": 3, "items": _TEXT},
        },
        ("atendente", "perguntas"),
    ),
    "encaminhar": _said(
        "encaminhar",
        "Chame o farmacêutico",
        {
            "id_interacao": _ID,
            "motivo": _TEXT,
            "transcricao_base": _TEXT,
            "urgencia": {"enum": ["imediata", "farmaceutico"]},
        },
    ),
    "aviso": _said(
        "aviso",
        "Algo não vai bem",
        {
            "codigo": {"enum": ["ritmo", "pcm_suspeito", "sobrecarga", "encerrando"]},
            "taxa_provavel_hz": _SAMPLES,
            "atraso_s": _SECONDS,
            "em_s": _SECONDS,
        },
        ("taxa_provavel_hz", "atraso_s", "em_s"),
    ),
    "confirmado": _said("confirmado", "O retorno foi guardado", {"id_interacao": _ID, "ref": _REF}, ("ref",)),
    "pong": _said("pong", "Resposta de ping", {"ref": _REF, "recebido_s": _SECONDS}, ("ref",)),
    "erro": _said(
        "erro",
        "Um pedido não pôde ser atendido; a conexão continua",
        {"codigo": {"enum": list(protocol.ERRORS)}, "mensagem": _TEXT, "ref": _REF, "id_interacao": _TEXT},
        ("ref", "id_interacao"),
    ),
}
"""What the server says, by `comando`."""

CLOSES = {
    1000: "Depois de encerrar",
    1001: "O servidor para",
    1009: "Mensagem acima do limite",
    1011: "Falha do servidor",
    4001: "Chave que não vale, ou revogada",
    4002: "Sobrecarga: sessoes, chave, endereco ou disco",
    4003: "Sem auth completo em 10 s",
    4004: "A primeira mensagem não é auth",
    4005: "Sessão retomada em outra conexão",
    4006: "Encerrada pelo operador",
    4008: "O cliente não lê",
}
"""Codes with which the server closes."""


def asyncapi() -> dict[str, Any]:
    """The description."""
    named = {f"cliente.{name}": message for name, message in CLIENT.items()}
    named |= {f"servidor.{name}": message for name, message in SERVER.items()}
    named["cliente.audio"] = {
        "name": "audio",
        "summary": "PCM16 little-endian, ou um contêiner (WebM, Ogg, WAV, MP4 fragmentado), em mensagens binárias",
        "contentType": "application/octet-stream",
        "payload": {"type": "string", "format": "binary", "maxLength": protocol.MESSAGE_BYTES},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Balto ao vivo", "version": __version__},
        "channels": {
            "ws": {
                "address": "/ws",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in named},
                "x-fechamentos": {str(code): text for code, text in CLOSES.items()},
            }
        },
        "operations": {
            "recebe": _operation("receive", "cliente", named),
            "envia": _operation("send", "servidor", named),
        },
        "components": {"messages": named},
    }


def _operation(action: str, side: str, named: dict[str, Any]) -> dict[str, Any]:
    mine = [{"$ref": f"#/channels/ws/messages/{name}"} for name in named if name.startswith(side)]
    return {"action": action, "channel": {"$ref": "#/channels/ws"}, "messages": mine}
