"""Messages of the socket: what a client may say, read strictly, and what the server says, written once.

Reading never raises anything but `Unreadable`, whatever the bytes; the limits on size and depth keep a hostile message
from costing more than a friendly one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

VERSION = 1
MESSAGE_BYTES = 1_048_576
"""Largest message, sound or text."""
COMMAND_CHARS = 65_536
"""Largest text message; commands are a few hundred characters."""
COMMAND_DEPTH = 16
MIN_RATE_HZ, MAX_RATE_HZ, DEFAULT_RATE_HZ = 8_000, 48_000, 16_000
CLIENT_NAME_CHARS = 80
OUTCOME_CHARS = 200
REF_CHARS = 200

CONTAINERS = ("webm", "ogg", "wav", "mp4")
FORMATS = ("pcm16", *CONTAINERS, "auto")
OPTIONAL_EVENTS = ("recebido", "segmento", "transcricao", "aviso")
"""What a client is told only where it asks."""

NORMAL, GOING_AWAY, TOO_BIG, FAULT = 1000, 1001, 1009, 1011
NO_KEY, OVERLOADED, NO_AUTH, NOT_PROTOCOL, TAKEN_UP, ENDED_BY_OPERATOR, NOT_READING = (
    4001, 4002, 4003, 4004, 4005, 4006, 4008,
)  # fmt: skip

ErrorCode: TypeAlias = Literal[
    "json_invalido",
    "comando_desconhecido",
    "campo_invalido",
    "interacao_desconhecida",
    "formato_desconhecido",
    "audio_invalido",
    "muitas_mensagens",
    "interno",
]
ERRORS: dict[str, str] = {
    "json_invalido": "A mensagem não é um objeto JSON válido.",
    "comando_desconhecido": "Este comando não existe.",
    "campo_invalido": "Um campo tem um valor que não serve.",
    "interacao_desconhecida": "Esta interação não existe neste balcão.",
    "formato_desconhecido": "Este formato não existe: o formato será reconhecido pelo próprio áudio.",
    "audio_invalido": "O áudio não pôde ser decodificado: comece uma nova gravação.",
    "muitas_mensagens": "Mensagens demais por segundo: espere um pouco.",
    "interno": "O servidor não conseguiu atender este pedido: tente de novo.",
}
"""Sentence of each error code."""


class Unreadable(Exception):  # noqa: N818 - read as a state of the message
    """A message that is no JSON object, or one that no client writes."""


@dataclass(frozen=True, slots=True)
class Auth:
    """The first message."""

    api_key: str
    audio_format: str = "auto"
    rate_hz: int = DEFAULT_RATE_HZ
    channels: int = 1
    events: frozenset[str] = frozenset()
    session: str | None = None
    last_seq: int | None = None
    client: str = ""
    complaints: tuple[tuple[ErrorCode, str], ...] = ()
    """What of it could not be used: the code and the field."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What became of a suggestion."""

    interaction: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that cannot be done, answered by `erro`."""

    code: ErrorCode
    interaction: str | None = None


Command: TypeAlias = Feedback | Refusal | Literal["ping", "encerrar"]


def read_object(text: str) -> dict[str, Any]:
    """A message as an object. Raises `Unreadable` for anything else, repeated names and NaN included."""
    if len(text) > COMMAND_CHARS or _depth(text) > COMMAND_DEPTH:
        raise Unreadable
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(value, dict):
        raise Unreadable
    return value


def read_auth(message: dict[str, Any]) -> Auth | None:
    """The first message as `auth`; None where it is another command. A key that is no text reads as an empty one."""
    if message.get("comando", "auth") != "auth":
        return None
    complaints: list[tuple[ErrorCode, str]] = []
    key = message.get("api_key")
    audio_format = message.get("formato", "auto")
    if not isinstance(audio_format, str) or audio_format not in FORMATS:
        complaints.append(("formato_desconhecido", "formato"))
        audio_format = "auto"
    rate_hz = _whole(message, "taxa_hz", MIN_RATE_HZ, MAX_RATE_HZ, DEFAULT_RATE_HZ, complaints)
    channels = _whole(message, "canais", 1, 2, 1, complaints)
    events = message.get("eventos", [])
    if not isinstance(events, list) or not all(isinstance(name, str) for name in events):
        complaints.append(("campo_invalido", "eventos"))
        events = []
    session = message.get("sessao")
    last_seq = message.get("ultimo_seq")
    if last_seq is not None and (type(last_seq) is not int or not 0 <= last_seq < 2**53):
        complaints.append(("campo_invalido", "ultimo_seq"))
        last_seq = None
    client = message.get("cliente", "")
    return Auth(
        api_key=key if isinstance(key, str) else "",
        audio_format=audio_format,
        rate_hz=rate_hz,
        channels=channels,
        events=frozenset(events) & frozenset(OPTIONAL_EVENTS),
        session=session if isinstance(session, str) else None,
        last_seq=last_seq,
        client=client[:CLIENT_NAME_CHARS] if isinstance(client, str) else "",
        complaints=tuple(complaints),
    )


def read_command(message: dict[str, Any]) -> Command:
    """What is asked after `auth`."""
    command = message.get("comando")
    if command == "ping":
        return "ping"
    if command == "encerrar":
        return "encerrar"
    if command != "feedback":
        return Refusal("comando_desconhecido")
    interaction, outcome = message.get("id_interacao"), message.get("resultado")
    if not isinstance(interaction, str) or not isinstance(outcome, str) or not interaction or not outcome:
        return Refusal("campo_invalido", interaction[:64] if isinstance(interaction, str) else None)
    return Feedback(interaction[:64], outcome[:OUTCOME_CHARS])


def read_ref(message: dict[str, Any]) -> str | int | None:
    """What the client wants to see again in the answer; None where there is nothing that can be repeated."""
    ref = message.get("ref")
    if isinstance(ref, str):
        return ref[:REF_CHARS]
    return ref if type(ref) is int and abs(ref) < 2**53 else None


def error_event(code: ErrorCode, ref: str | int | None = None, interaction: str | None = None) -> dict[str, Any]:
    """`erro`, with what it answers."""
    event: dict[str, Any] = {"comando": "erro", "codigo": code, "mensagem": ERRORS[code]}
    if ref is not None:
        event["ref"] = ref
    if interaction is not None:
        event["id_interacao"] = interaction
    return event


def encode(event: dict[str, Any]) -> str:
    """An event as it travels."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def seconds(samples: int, rate_hz: int = 16_000) -> float:
    """Samples as seconds, to the hundredth that the protocol promises of segments."""
    return round(samples / rate_hz, 2)


def _whole(
    message: dict[str, Any], name: str, least: int, most: int, default: int, complaints: list[tuple[ErrorCode, str]]
) -> int:
    value = message.get(name, default)
    if type(value) is int and least <= value <= most:
        return value
    complaints.append(("campo_invalido", name))
    return default


def _depth(text: str) -> int:
    """Upper bound of the nesting: brackets inside of strings count too, which no honest command has many of."""
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise Unreadable
    return values


def _no_constant(_name: str) -> Any:
    raise Unreadable
