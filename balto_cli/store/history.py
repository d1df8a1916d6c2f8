"""The interactions as people look for them: filtered, searched by words, page after page in either direction.

Everything is read off `HISTORY`, whose key is time: a page begins where the one before ended, however deep, and what
the index of words finds comes out in that order too. One filter leads, the one that usually leaves fewest; it has an
index of its own, and the others are held against the rows that it gives.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, column, func, literal_column, select, table, text

from balto_cli.store.interactions import of_segments
from balto_cli.store.records import TranscriptState
from balto_cli.store.tables import CLIENTS, COUNTERS, FEEDBACK, HISTORY, SEGMENTS, SESSIONS, SUGGESTIONS, TRANSCRIPTS
from balto_cli.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, TableClause

    from balto_cli.store.records import Interaction

PER_MICROSECOND = 1024
"""Keys of one microsecond."""
NO_ANSWER = "sem_retorno"
"""As `outcome`: something was said, and nobody told what came of it."""
SILENCE = "silencio"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_H = HISTORY.c
_WORD = re.compile(r'"([^"]*)"?|([^\s"]+)')
_LETTERS = re.compile(r"[^\W_]+")
_MAX_WORDS = 12
_WHOLE_BELOW = 5
"""Letters under which a word is meant as it stands; longer ones are also found as beginnings."""
_NEIGHBOURS = 4
_MERGE_PAGES = 64
"""Pages of the index of words that one slice of tidying writes: milliseconds."""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which interactions are wanted; everything that is given must hold. `since` is in, `until` is out."""

    client_id: str | None = None
    counter_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    provider: str | None = None
    state: str | None = None
    action: str | None = None
    outcome: str | None = None
    """The last feedback, or `NO_ANSWER`."""
    words: str = ""
    """All of them must have been said, in any order; in quotes, in this one."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Interactions, newest first, and the keys from which the pages beside it begin; None where there is none."""

    interactions: tuple[Interaction, ...]
    newer: int | None
    older: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One feedback."""

    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word of a transcript; times from the beginning of its segment."""

    text: str
    start_s: float | None
    end_s: float | None
    confidence: float | None
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What was said before or after, in the same session."""

    id: str
    said_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One interaction with everything that is kept of it."""

    interaction: Interaction
    client_name: str
    counter_name: str
    program: str
    words: tuple[HeardWord, ...]
    answers: tuple[Answer, ...]
    category: str | None
    reason: str | None
    rule: str | None
    """Code of what decided."""
    rules_version: str | None
    catalogue_version: str | None
    chooser: str | None
    """Model that chose the suggestion; None where rules alone did."""
    before: tuple[Neighbour, ...]
    after: tuple[Neighbour, ...]


def key_of(moment: datetime) -> int:
    """The first key of a moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * PER_MICROSECOND


def page(
    connection: Connection,
    wanted: HistoryFilter,
    limit: int,
    before: int | None = None,
    after: int | None = None,
) -> HistoryPage:
    """A page of at most `limit`: the newest ones, those older than key `before`, or those newer than key `after`."""
    upwards = after is not None
    key = _key(connection, wanted)
    conditions = _conditions(wanted, key)
    if before is not None:
        conditions.append(key < before)
    if after is not None:
        conditions.append(key > after)
    query = _found(connection, wanted, conditions)
    if query is None:
        return HistoryPage((), None, None)
    ordered = query.order_by(key.asc() if upwards else key.desc()).limit(limit + 1)
    rows = list(connection.execute(ordered))
    more = len(rows) > limit
    rows = rows[:limit]
    if upwards:
        rows.reverse()
    if not rows:
        return HistoryPage((), None, None)
    interactions = of_segments(connection, [row.segment_id for row in rows])
    by_id = {interaction.id: interaction for interaction in interactions}
    newest, oldest = rows[0].doc, rows[-1].doc
    return HistoryPage(
        tuple(by_id[row.segment_id] for row in rows if row.segment_id in by_id),
        newest if (more if upwards else before is not None) else None,
        oldest if (more or upwards) else None,
    )


def detail(connection: Connection, segment_id: str, client_id: str | None) -> Detail | None:
    """One interaction; None where there is none, it is a trial's, or another client's."""
    query = (
        select(
            SEGMENTS.c.session_id,
            SEGMENTS.c.index.label("place"),
            COUNTERS.c.name.label("counter"),
            CLIENTS.c.id.label("client_id"),
            CLIENTS.c.name.label("client"),
            SESSIONS.c.client_name,
            TRANSCRIPTS.c.words,
            SUGGESTIONS.c.category,
            SUGGESTIONS.c.reason.label("why"),
            SUGGESTIONS.c.rule,
            SUGGESTIONS.c.rules_version,
            SUGGESTIONS.c.catalogue_version,
            SUGGESTIONS.c.model.label("chooser"),
        )
        .select_from(SEGMENTS)
        .join(TRANSCRIPTS, TRANSCRIPTS.c.segment_id == SEGMENTS.c.id)
        .join(SESSIONS, SESSIONS.c.id == SEGMENTS.c.session_id)
        .join(COUNTERS, COUNTERS.c.id == SEGMENTS.c.counter_id)
        .join(CLIENTS, CLIENTS.c.id == COUNTERS.c.client_id)
        .outerjoin(SUGGESTIONS, SUGGESTIONS.c.segment_id == SEGMENTS.c.id)
        .where(SEGMENTS.c.id == storable(segment_id), COUNTERS.c.trial.is_(False))
    )
    row = connection.execute(query).one_or_none()
    if row is None or (client_id is not None and row.client_id != client_id):
        return None
    (interaction,) = of_segments(connection, [segment_id])
    answers = select(FEEDBACK.c.at, FEEDBACK.c.outcome).where(FEEDBACK.c.segment_id == segment_id)
    return Detail(
        interaction=interaction,
        client_name=row.client,
        counter_name=row.counter,
        program=row.client_name,
        words=tuple(HeardWord(*word) for word in row.words),
        answers=tuple(Answer(*answer) for answer in connection.execute(answers.order_by(FEEDBACK.c.id))),
        category=row.category,
        reason=row.why,
        rule=row.rule,
        rules_version=row.rules_version,
        catalogue_version=row.catalogue_version,
        chooser=row.chooser,
        before=_neighbours(connection, row.session_id, row.place - _NEIGHBOURS, row.place - 1),
        after=_neighbours(connection, row.session_id, row.place + 1, row.place + 2),
    )


def providers(connection: Connection) -> list[str]:
    """All that ever transcribed something; found by leaps along the index, not by reading it."""
    found: list[str] = []
    while True:
        query = select(func.min(_H.provider)).where(_H.provider > (found[-1] if found else ""))
        name = connection.scalar(query)
        if name is None:
            return found
        found.append(name)


def tidy_words(connection: Connection, *, begin: bool) -> bool:
    """One slice of clearing erased words out of SQLite's index; whether there is more to do. `begin` for the first.

    FTS5 marks what is deleted, and keeps its words until the parts of the index that hold them are merged. PostgreSQL
    does the like by itself.
    """
    if connection.dialect.name != "sqlite":
        return False
    merge = text("INSERT INTO history_words (history_words, rank) VALUES ('merge', :pages)")
    before = _changes(connection)
    connection.execute(merge, {"pages": -_MERGE_PAGES if begin else _MERGE_PAGES})
    return _changes(connection) - before >= 2


def search_terms(words: str) -> list[list[str]]:
    """What a person typed, as phrases of plain words (no accents, no capitals); a lone word is a phrase of one."""
    folded = unicodedata.normalize("NFKD", words[:400].lower())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    phrases: list[list[str]] = []
    for match in _WORD.finditer(plain):
        if match[1] is not None:
            phrases.append(_LETTERS.findall(match[1]))
        else:
            phrases += [[letters] for letters in _LETTERS.findall(match[2])]
    return [phrase[:_MAX_WORDS] for phrase in phrases if phrase][:_MAX_WORDS]


def _found(connection: Connection, wanted: HistoryFilter, conditions: Sequence[ColumnElement[bool]]) -> Any:
    """Keys and segments; None where words were asked for and none is one."""
    query = select(_H.doc, _H.segment_id).where(*conditions)
    if not wanted.words.strip():
        return query
    phrases = search_terms(wanted.words)
    if not phrases:
        return None
    if connection.dialect.name == "sqlite":
        matches = text("history_words MATCH :asked").bindparams(bindparam("asked", _fts5(phrases)))
    else:
        matches = text("history_words.words @@ to_tsquery('simple', :asked)").bindparams(
            bindparam("asked", _tsquery(phrases))
        )
    words = _words(connection)
    return query.select_from(words.join(HISTORY, _H.doc == _key(connection, wanted))).where(matches)


def _words(connection: Connection) -> TableClause:
    return table("history_words", column("rowid" if connection.dialect.name == "sqlite" else "doc"))


def _key(connection: Connection, wanted: HistoryFilter) -> ColumnElement[int]:
    """What pages are ordered and bounded by: the key of the index of words where that leads, so that it does lead."""
    if not wanted.words.strip():
        return _H.doc
    return literal_column("history_words.rowid" if connection.dialect.name == "sqlite" else "history_words.doc")


def _fts5(phrases: Sequence[Sequence[str]]) -> str:
    return " ".join(f'"{" ".join(phrase)}"{"*" if _is_beginning(phrase) else ""}' for phrase in phrases)


def _tsquery(phrases: Sequence[Sequence[str]]) -> str:
    return " & ".join(" <-> ".join(phrase) + (":*" if _is_beginning(phrase) else "") for phrase in phrases)


def _is_beginning(phrase: Sequence[str]) -> bool:
    return len(phrase) == 1 and len(phrase[0]) >= _WHOLE_BELOW


def _conditions(wanted: HistoryFilter, key: ColumnElement[int]) -> list[ColumnElement[bool]]:
    given: dict[str, str | None] = {
        "counter_id": wanted.counter_id,
        "outcome": None if wanted.outcome == NO_ANSWER else wanted.outcome,
        "action": wanted.action,
        "state": wanted.state,
        "client_id": wanted.client_id,
        "provider": wanted.provider,
    }
    conditions: list[ColumnElement[bool]] = []
    if wanted.since:
        conditions.append(key >= key_of(wanted.since))
    if wanted.until:
        conditions.append(key < key_of(wanted.until))
    if wanted.outcome == NO_ANSWER:
        conditions += [_H.outcome.is_(None), func.coalesce(_H.action, SILENCE) != SILENCE]
        if wanted.action is None:
            conditions.append(text("history.action <> 'silencio'"))  # type: ignore[arg-type]
    led = bool(wanted.words.strip())
    for name, value in given.items():
        if not value:
            continue
        common = (name, value) in {("action", SILENCE), ("state", TranscriptState.OK.value)}
        if led or common:
            # What most rows are narrows nothing: to walk along the key is the shorter way.
            conditions.append(func.coalesce(_H[name], "") == value)
            continue
        led = True
        conditions.append(_H[name] == value)
        if name in _PARTIAL:
            conditions.append(text(_PARTIAL[name]))  # type: ignore[arg-type]
    return conditions


# Written out, since a database takes a partial index only where it sees that the rows are those of the index.
_PARTIAL: Mapping[str, str] = {
    "outcome": "history.outcome IS NOT NULL",
    "action": "history.action <> 'silencio'",
    "state": "history.state <> 'ok'",
}


def _neighbours(connection: Connection, session_id: str, first: int, last: int) -> tuple[Neighbour, ...]:
    query = (
        select(SEGMENTS.c.id, SEGMENTS.c.said_at, TRANSCRIPTS.c.text)
        .join(TRANSCRIPTS, TRANSCRIPTS.c.segment_id == SEGMENTS.c.id)
        .where(SEGMENTS.c.session_id == session_id, SEGMENTS.c.index.between(first, last))
        .order_by(SEGMENTS.c.index)
    )
    return tuple(Neighbour(*row) for row in connection.execute(query))


def _changes(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT total_changes()")) or 0)
