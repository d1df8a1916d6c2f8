"""Numbers and moments as a person in Brazil reads them, in the server's own time zone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from balto_cli.evaluation.verdicts import percent
from balto_cli.store.accounts import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ROLES = {Role.OPERATOR: "Operador", Role.PHARMACIST: "Farmacêutico", Role.CLIENT: "Cliente"}
_ACTIONS = {
    "apagado": "apagou",
    "apagar": "mandou apagar",
    "cadastrar": "cadastrou",
    "copiar": "copiou",
    "criar": "criou",
    "entrar": "entrou",
    "exportar": "exportou",
    "listar": "listou",
    "ouvir": "ouviu",
    "recusar": "teve recusada",
    "remover": "removeu",
    "renomear": "renomeou",
    "restaurar": "restaurou",
    "revogar": "revogou",
    "sair": "saiu",
    "testar": "testou",
    "trocar": "trocou",
}
_SUBJECTS = {
    "balcao": "balcão",
    "cliente": "cliente",
    "entrada": "a entrada",
    "gravacao": "gravação",
    "interacoes": "interações",
    "painel": "no painel",
    "sessao": "sessão",
    "transcrever": "uma transcrição",
    "xlsx": "uma planilha",
}
_DETAILS = {
    "ate": "até",
    "balcao": "balcão",
    "balcao_id": "balcão",
    "segmentos": "trechos",
    "sessao": "sessão",
    "sessoes": "sessões",
}
_ACTORS = {"operador": "linha de comando", "retencao": "retenção", "teste": "fim de teste"}
_DASH = "–"
_UNITS = ("B", "KB", "MB", "GB", "TB")


def date_and_time(moment: datetime | None) -> str:
    """`03/11/2026 09:15`."""
    return moment.astimezone().strftime("%d/%m/%Y %H:%M") if moment else _DASH


def date(moment: datetime | None) -> str:
    """`03/11/2026`."""
    return moment.astimezone().strftime("%d/%m/%Y") if moment else _DASH


def clock(moment: datetime | None) -> str:
    """`09:15:02`."""
    return moment.astimezone().strftime("%H:%M:%S") if moment else _DASH


def number(value: float | None, digits: int = 0) -> str:
    """`1.234,5`."""
    if value is None:
        return _DASH
    return f"{value:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def reais(value: float | None, digits: int = 2) -> str:
    """`R$ 1.234,50`."""
    return _DASH if value is None else f"R$\N{NO-BREAK SPACE}{number(value, digits)}"


def seconds(value: float | None) -> str:
    """`0,84 s`, `12,3 s`, `4 min 10 s`, `3 h 05 min`."""
    if value is None:
        return _DASH
    if value < 60:
        return f"{number(value, 2 if value < 10 else 1)}\N{NO-BREAK SPACE}s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes}\N{NO-BREAK SPACE}min {rest:02}\N{NO-BREAK SPACE}s"
    hours, minutes = divmod(minutes, 60)
    return f"{number(hours)}\N{NO-BREAK SPACE}h {minutes:02}\N{NO-BREAK SPACE}min"


def size(count: float | None) -> str:
    """`3,2 GB`, by thousands."""
    if count is None:
        return _DASH
    for unit in _UNITS:
        if abs(count) < 1000 or unit == _UNITS[-1]:
            return f"{number(count, 0 if unit in ('B', 'KB') else 1)}\N{NO-BREAK SPACE}{unit}"
        count /= 1000
    raise AssertionError


def local_zone() -> str:
    """The server's time zone: `America/Sao_Paulo`'s own short name, with its distance from UTC."""
    here = datetime.now().astimezone()
    offset = here.strftime("%z")
    name = here.tzname() or ""
    distance = f"UTC{offset[:3]}:{offset[3:]}" if offset.strip("+-0") else "UTC"
    return distance if name in ("UTC", "") or name.lstrip("+-").isdigit() else f"{name}, {distance}"


def role(value: Role) -> str:
    """A role by its name."""
    return _ROLES[value]


def action(word: str) -> str:
    """What somebody did, of the audit's word for it."""
    return _ACTIONS.get(word, word)


def actions(words: Sequence[str]) -> list[tuple[str, str]]:
    """Choices for a form."""
    return sorted(((word, action(word)) for word in words), key=lambda pair: pair[1])


def subject(word: str) -> str:
    """To what it was done."""
    return _SUBJECTS.get(word, word)


def actor(name: str) -> str:
    """Who did it, where it is no person."""
    return _ACTORS.get(name, name)


def details(given: Mapping[str, object]) -> list[tuple[str, str]]:
    """What an entry of the audit adds, moments in the server's zone."""
    return [(_DETAILS.get(name, name), _moment_or_text(str(value))) for name, value in given.items()]


def _moment_or_text(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return date_and_time(moment) if moment.tzinfo else text


FILTERS: Mapping[str, Callable[..., object]] = {
    "data_hora": date_and_time,
    "data": date,
    "hora": clock,
    "numero": number,
    "reais": reais,
    "segundos": seconds,
    "porcento": percent,
    "tamanho": size,
    "papel": role,
    "acao": action,
    "nomes_de_acao": actions,
    "assunto": subject,
    "quem": actor,
    "detalhe": details,
}
"""For the templates, by the name they are used under."""
