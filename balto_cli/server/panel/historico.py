"""Histórico: every interaction, found by filters and words, and one with all that is kept of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from balto_cli.audio.wav import wav_header
from balto_cli.errors import BaltoError
from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError
from balto_cli.server.export import XLSX, filtered_workbook
from balto_cli.server.live import LIVE
from balto_cli.server.panel.page import EVERYONE, not_found, read_moment, render, require
from balto_cli.server.panel.timeline import timeline_of
from balto_cli.store import history
from balto_cli.store.counters import list_counters
from balto_cli.store.dialogues import last_turns
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.feedback import IGNORED, LOST, SOLD
from balto_cli.store.history import NO_ANSWER, HistoryFilter
from balto_cli.suggestions.conversation import MAX_TURNS, Conversation
from balto_cli.suggestions.replay import turn_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from balto_cli.server.panel.page import Viewer
    from balto_cli.store.history import Detail
    from balto_cli.store.records import Interaction

PATH = "/admin/historico"
PAGE_ROWS = 50
FIELDS = ("busca", "balcao", "desde", "ate", "provedor", "estado", "acao", "resultado")
STATES = {
    "ok": "transcrita",
    "vazia": "sem palavras",
    "falha": "falhou",
    "espera": "na fila",
    "adiada": "adiada",
}
ACTIONS = {"sugerir": "Sugestão", "encaminhar": "Encaminhada", "silencio": "Silêncio"}
OUTCOMES = {SOLD: "Venda realizada", LOST: "Venda perdida", IGNORED: "Ignorada", NO_ANSWER: "Sem retorno"}
_KEY = re.compile(r"-?[0-9]{1,19}")


def add_routes(app: web.Application) -> None:
    """Add list, detail, sound and workbook."""
    app.router.add_get(PATH, overview)
    app.router.add_get(f"{PATH}/xlsx", workbook)
    app.router.add_get(f"{PATH}/{{id}}", one)
    app.router.add_get(f"{PATH}/{{id}}/audio", sound)


async def overview(request: web.Request) -> web.Response:
    """A page of what is filtered."""
    viewer = require(request, *EVERYONE)
    store = request.app[CONTEXT].store
    wanted = read_filter(request.query, viewer)
    before, after = _key(request.query, "antes"), _key(request.query, "depois")
    page = await store.read(history.page, wanted, PAGE_ROWS, before, after)
    counters = await store.read(list_counters, viewer.client_id)
    asked = {name: request.query[name] for name in FIELDS if request.query.get(name, "").strip()}
    await store.audit(viewer.actor, "listar", "interacoes", _for_audit(asked), request.app[CONTEXT].now())
    return render(
        request, "historico.html.jinja",
        linhas=page.interactions, q={name: request.query.get(name, "") for name in FIELDS}, filtrado=bool(asked),
        balcoes=[(one.id, _name_of(one, viewer)) for one in counters], nomes={one.id: one.name for one in counters},
        provedores=[(name, name) for name in await store.read(history.providers)],
        estados=list(STATES.items()), acoes=list(ACTIONS.items()), resultados=list(OUTCOMES.items()),
        rotulo_estado=STATES, rotulo_acao=ACTIONS, rotulo_resultado=OUTCOMES,
        anterior=_address(asked, depois=page.newer), proxima=_address(asked, antes=page.older),
        exportar=f"{PATH}/xlsx?{urlencode(asked)}", produto=product_of,
    )  # fmt: skip


async def one(request: web.Request) -> web.Response:
    """All that is kept of one interaction."""
    viewer = require(request, *EVERYONE)
    context = request.app[CONTEXT]
    found = await _detail(request, viewer)
    await context.store.audit(viewer.actor, "ver", "interacao", {"id": found.interaction.id}, context.now())
    return render(
        request, "interacao.html.jinja", d=found, i=found.interaction, linha=timeline_of(found.interaction),
        gatilhos=await _triggers(request, found), som=_has_sound(request, found.interaction), rotulo_estado=STATES,
        rotulo_acao=ACTIONS, rotulo_resultado=OUTCOMES, itens=_items(found.interaction.suggestion),
    )  # fmt: skip


async def sound(request: web.Request) -> web.Response:
    """The segment as WAV, while it is kept; who listened is noted before."""
    viewer = require(request, *EVERYONE)
    context = request.app[CONTEXT]
    found = await _detail(request, viewer)
    pcm = _pcm(request, found.interaction)
    if pcm is None:
        raise RestError(404, "nao_encontrado", "O áudio desta interação não está mais guardado.")
    await context.store.audit(viewer.actor, "ouvir", "interacao", {"id": found.interaction.id}, context.now())
    return _ranged(request, wav_header(len(pcm)) + pcm)


async def workbook(request: web.Request) -> web.Response:
    """Everything that is filtered, as a workbook."""
    viewer = require(request, *EVERYONE)
    context = request.app[CONTEXT]
    wanted = read_filter(request.query, viewer)
    data = await filtered_workbook(context.store, context.bench, wanted)
    asked = {name: request.query[name] for name in FIELDS if request.query.get(name, "").strip()}
    await context.store.audit(viewer.actor, "exportar", "xlsx", _for_audit(asked), context.now())
    headers = {"Content-Disposition": 'attachment; filename="Balto_Historico.xlsx"'}
    return web.Response(body=data, content_type=XLSX, headers=headers)


def read_filter(query: Mapping[str, str], viewer: Viewer) -> HistoryFilter:
    """What the form asks, within what the viewer may see. Raises `RestError` 422."""
    counter = query.get("balcao", "").strip()
    if counter:
        try:
            counter = str(UUID(counter))
        except ValueError:
            raise RestError(422, "campo_invalido", "Este balcão não existe.") from None
    return HistoryFilter(
        client_id=viewer.client_id,
        counter_id=counter or None,
        since=read_moment(query.get("desde", "")),
        until=read_moment(query.get("ate", "")),
        provider=query.get("provedor", "").strip() or None,
        state=_among(query, "estado", STATES),
        action=_among(query, "acao", ACTIONS),
        outcome=_among(query, "resultado", OUTCOMES),
        words=query.get("busca", "").strip(),
    )


def product_of(suggestion: Mapping[str, Any] | None) -> str:
    """What was said, in a word or two; "" for silence."""
    return str((suggestion or {}).get("produto") or (suggestion or {}).get("motivo") or "")


def _among(query: Mapping[str, str], name: str, known: Mapping[str, str]) -> str | None:
    value = query.get(name, "").strip()
    return value if value in known else None


def _key(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not _KEY.fullmatch(text) or abs(int(text)) >= 2**63:
        raise RestError(422, "campo_invalido", "Esta página da lista não existe: volte ao começo.")
    return int(text)


def _address(asked: Mapping[str, str], **place: int | None) -> str | None:
    if None in place.values():
        return None
    return f"{PATH}?{urlencode({**asked, **place})}"


def _for_audit(asked: Mapping[str, str]) -> dict[str, str]:
    """What was filtered by; of the words that were looked for, only that there were some."""
    return {name: ("sim" if name == "busca" else value[:80]) for name, value in asked.items()}


def _name_of(counter: Any, viewer: Viewer) -> str:
    return counter.name if viewer.client_id else f"{counter.client_name} · {counter.name}"


async def _detail(request: web.Request, viewer: Viewer) -> Detail:
    try:
        identity = str(UUID(request.match_info["id"]))
    except ValueError:
        raise not_found() from None
    found = await request.app[CONTEXT].store.read(history.detail, identity, viewer.client_id)
    if found is None:
        raise not_found()
    return found


def _has_sound(request: web.Request, interaction: Interaction) -> bool:
    """Whether its sound is kept: asked of what the journal knows, without a look at the disk."""
    live = request.app[LIVE]
    if not live.services.keeps_sound or interaction.audio_path is None:
        return False
    return live.spool.segments.end_of(UUID(interaction.id).bytes, 0) >= interaction.samples


def _pcm(request: web.Request, interaction: Interaction) -> bytes | None:
    if not _has_sound(request, interaction):
        return None
    try:
        pcm = request.app[LIVE].spool.segments.read(UUID(interaction.id).bytes, 0, interaction.samples)
    except OSError:
        return None
    return pcm if len(pcm) == 2 * interaction.samples else None


def _ranged(request: web.Request, body: bytes) -> web.Response:
    """A player jumps only within what it may ask for by pieces."""
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": "inline"}
    try:
        asked = request.http_range
    except ValueError:
        raise RestError(416, "faixa", "Este trecho do áudio não existe.") from None
    if asked.start is None and asked.stop is None:
        return web.Response(body=body, content_type="audio/wav", headers=headers)
    first, last, _ = asked.indices(len(body))
    if first >= last:
        raise RestError(416, "faixa", "Este trecho do áudio não existe.")
    headers["Content-Range"] = f"bytes {first}-{last - 1}/{len(body)}"
    return web.Response(status=206, body=body[first:last], content_type="audio/wav", headers=headers)


async def _triggers(request: web.Request, found: Detail) -> str:
    """The words that the rule went by: read by the rules once more, and shown only where they say the same again."""
    interaction = found.interaction
    if not interaction.text or found.rule is None:
        return ""
    context = request.app[CONTEXT]
    try:
        turns = await context.store.read(last_turns, interaction.session_id, MAX_TURNS, interaction.start_sample)
        if not turns or turns[-1].segment_id != interaction.id:
            return ""
        conversation = Conversation()
        for turn in turns:
            conversation.add(turn_of(turn))
        _, ruled = await context.suggester.rules(turns[-1].client_id, conversation.texts())
    except (BaltoError, StoreUnavailable):
        return ""
    same = ruled.answer.rule == found.rule and ruled.answer.versions.get("regras") == found.rules_version
    return ruled.answer.evidence if same else ""


def _items(suggestion: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    items = (suggestion or {}).get("itens")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
