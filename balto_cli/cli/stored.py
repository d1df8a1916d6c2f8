"""`balto suggest --taxas` and `--guardadas`: what counters made of suggestions, and stored conversations once more."""

from __future__ import annotations

import json as json_format
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from balto_cli.cli.console import print_result, say
from balto_cli.cli.operator import client_id, operate, wall_clock
from balto_cli.errors import UsageError
from balto_cli.evaluation.verdicts import counted, percent
from balto_cli.settings import data_folder
from balto_cli.store.dialogues import sessions_within, turns_of
from balto_cli.store.feedback import BRASILIA_H, By, Floor, Which, rates
from balto_cli.suggestions.replay import Again, replay
from balto_cli.suggestions.shelf import Shelves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from balto_cli.settings import Settings
    from balto_cli.store.dialogues import SaidTurn
    from balto_cli.store.feedback import Rate
    from balto_cli.store.store import Store

_ACTOR = "operador"
_SESSIONS = 50
"""Sessions whose turns are in memory at once."""
_TITLES = {
    By.RULE: "Por regra",
    By.PRODUCT: "Por produto",
    By.COUNTER: "Por balcão",
    By.HOUR: "Por hora (Brasília)",
    By.MODEL: "Por modelo",
}


def print_rates(
    settings: Settings, since: str | None, until: str | None, client: str | None, floor: float, *, json: bool
) -> None:
    """The shares of sales; those under the floor (a share) are marked."""

    async def work(store: Store) -> dict[By, list[Rate]]:
        which = await _which(store, since, until, client)
        return {by: await store.read(rates, by, which, Floor(floor)) for by in By}

    found = operate(settings, work)
    if json:
        plain = {by.value: [{**asdict(rate), "share": rate.share} for rate in rows] for by, rows in found.items()}
        print_result(json_format.dumps(plain, ensure_ascii=False))
        return
    names = {product.id: product.name for product in Shelves(data_folder(settings)).catalogue(None).products}
    for by, rows in found.items():
        print_result(f"{_TITLES[by]}")
        for rate in rows:
            print_result(_line(rate, names.get(rate.key, rate.name)))
        if not rows:
            print_result("  nada enviado")


def print_again(settings: Settings, since: str | None, until: str | None, client: str | None, *, json: bool) -> None:
    """What would be said today, without a model, wherever something was decided; what was said is not shown."""
    shelves = Shelves(data_folder(settings))
    changes: Counter[tuple[str, str]] = Counter()
    decided = 0

    async def work(store: Store) -> None:
        nonlocal decided
        which = await _which(store, since, until, client)
        await store.audit(_ACTOR, "reler", "conversas", {"desde": since, "ate": until, "cliente": client}, wall_clock())
        sessions = await store.read(sessions_within, which)
        for first in range(0, len(sessions), _SESSIONS):
            turns = await store.read(turns_of, sessions[first : first + _SESSIONS])
            for again in _again(turns, shelves):
                decided += 1
                if again.changed:
                    changes[again.past.action or "", again.now.action] += 1
                    print_result(_change(again, json=json))

    operate(settings, work)
    changed = counted(sum(changes.values()), "mudou", "mudaram")
    say(f"{counted(decided, 'decisão refeita', 'decisões refeitas')}, {changed}.")
    for (before, now), count in changes.most_common():
        say(f"  {before} → {now}: {count}")


def _again(turns: list[SaidTurn], shelves: Shelves) -> Iterator[Again]:
    return replay(turns, shelves.engine)


async def _which(store: Store, since: str | None, until: str | None, client: str | None) -> Which:
    return Which(_day(since), _day(until), await client_id(store, client) if client else None)


def _day(written: str | None) -> datetime | None:
    """The beginning of a day at the counters."""
    if written is None:
        return None
    try:
        day = datetime.strptime(written, "%Y-%m-%d")
    except ValueError:
        raise UsageError(f"A data {written} não serve: use ano-mês-dia, como 2026-11-03.") from None
    return day.replace(tzinfo=timezone(timedelta(hours=BRASILIA_H))).astimezone(UTC)


def _line(rate: Rate, name: str) -> str:
    told = f"{rate.key} {name}" if name != rate.key else rate.key
    share = "sem retorno"
    if rate.share is not None and rate.low is not None and rate.high is not None:
        share = f"{percent(rate.share)} de {rate.answered} ({percent(rate.low)} a {percent(rate.high)})"
    return f"  {told}: {rate.sent} enviadas, vendas {share}{'  ABAIXO DO PISO' if rate.poor else ''}"


def _change(again: Again, *, json: bool) -> str:
    before: dict[str, Any] = {
        "acao": again.past.action,
        "regra": again.past.rule,
        "produtos": list(again.past.products),
        "modelo": again.past.model,
    }
    now = {"acao": again.now.action, "regra": again.now.rule, "produtos": list(again.products)}
    if json:
        row = {"id_interacao": again.past.segment_id, "sessao": again.past.session_id, "antes": before, "agora": now}
        return json_format.dumps(row, ensure_ascii=False)
    told = [f"{one['acao']} [{one['regra'] or '-'}] {' '.join(one['produtos'])}".rstrip() for one in (before, now)]
    return f"{again.past.segment_id}\t{told[0]}\t→\t{told[1]}"
