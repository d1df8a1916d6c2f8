"""Interactions are found by words, filters and pages, by whoever may see them, and what is erased is found no more."""

from __future__ import annotations

import runpy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text

import balto_cli.store
from balto_cli.store import figures, history
from balto_cli.store.feedback import Which
from balto_cli.store.history import HistoryFilter, search_terms
from balto_cli.store.records import (
    Interaction,
    NewSuggestion,
    Scope,
    TranscriptState,
    segment_id,
)
from balto_cli.store.store import Store
from balto_cli.store.tables import HISTORY

from .making import NOON, answer, counter, cut, said, segment, session

VERSIONS = Path(balto_cli.store.__file__).with_name("migrations") / "versions"


async def found(store: Store, **wanted: object) -> list[str]:
    page = await store.read(history.page, HistoryFilter(**wanted), 50)  # type: ignore[arg-type]
    return [interaction.text for interaction in page.interactions]


async def decided(store: Store, identity: str, action: str) -> None:
    await store.add_suggestion(
        NewSuggestion(identity, action, "Dor", "sem_motor", {"produto": "Dipirona"}, "1", "1", None, 0.0, NOON, True)
    )


@pytest.mark.parametrize(
    ("asked", "texts"),
    [
        ("dipirona", ["Dipírona em gotas, não?", "Tem DIPIRONA?"]),
        ("DIPIRÔNA", ["Dipírona em gotas, não?", "Tem DIPIRONA?"]),
        ("dipir", ["Dipírona em gotas, não?", "Tem DIPIRONA?"]),
        ("gotas dipirona", ["Dipírona em gotas, não?"]),
        ('"em gotas"', ["Dipírona em gotas, não?"]),
        ('"gotas em"', []),
        ("nao", ["Dipírona em gotas, não?"]),
        ("em", ["Dipírona em gotas, não?"]),
        ("losartana", []),
        ("?!", []),
        ("500mg", ["Água e soro, 500mg"]),
        ("agua OR dipirona", []),
        ("NOT NEAR( AND * ^ - :", []),
    ],
)
async def test_words_are_found_whatever_their_accents(store: Store, asked: str, texts: list[str]) -> None:
    one = await session(store)
    await said(store, one, ["Tem DIPIRONA?", "Dipírona em gotas, não?", "Água e soro, 500mg"])
    assert await found(store, words=asked) == texts


async def test_every_filter_narrows(store: Store) -> None:
    first, second = await counter(store), await counter(store, "Balcão 2", "Rede Dois")
    one, other = await session(store, first), await session(store, second, NOON + timedelta(minutes=1))
    mine = await said(store, one, ["um", "dois", "três"])
    await said(store, other, ["quatro"])
    await decided(store, mine[0], "sugerir")
    await decided(store, mine[1], "silencio")
    await decided(store, mine[2], "encaminhar")
    await store.add_feedback(first.holder.counter_id, mine[0], "ignorada", NOON)
    await store.add_feedback(first.holder.counter_id, mine[0], "venda_realizada", NOON)
    assert await found(store) == ["quatro", "três", "dois", "um"]
    assert await found(store, counter_id=second.holder.counter_id) == ["quatro"]
    assert await found(store, client_id=first.holder.client_id) == ["três", "dois", "um"]
    assert await found(store, client_id=first.holder.client_id, counter_id=second.holder.counter_id) == []
    assert await found(store, client_id=first.holder.client_id, words="quatro") == []
    assert await found(store, since=NOON + timedelta(seconds=2), until=NOON + timedelta(seconds=4)) == ["dois"]
    assert await found(store, action="sugerir") == ["um"]
    assert await found(store, action="silencio") == ["dois"]
    assert await found(store, action="encaminhar", words="três") == ["três"]
    assert await found(store, outcome="venda_realizada") == ["um"]
    assert await found(store, outcome="ignorada") == []
    assert await found(store, outcome=history.NO_ANSWER) == ["três"]
    assert await found(store, provider="Local", state="ok") == ["quatro", "três", "dois", "um"]
    assert await found(store, provider="Outro") == []
    assert await store.read(history.providers) == ["Local"]


async def test_what_failed_and_what_waits_is_found_by_its_state(store: Store) -> None:
    one = await session(store)
    await store.cut(cut(one, segment(0), segment(1)))
    failed = segment_id(one.id, 0)
    await store.transcribed(answer(failed, "", state=TranscriptState.FAILED, reason="audio", provider=None))
    page = await store.read(history.page, HistoryFilter(state="falha"), 50)
    assert [interaction.id for interaction in page.interactions] == [failed]
    page = await store.read(history.page, HistoryFilter(state="espera"), 50)
    assert [interaction.index for interaction in page.interactions] == [1]


@pytest.mark.parametrize("words", ["", "fala"])
async def test_pages_meet_without_gap_or_overlap_in_both_directions(store: Store, words: str) -> None:
    one = await session(store)
    await said(store, one, [f"fala {number}" for number in range(23)])
    wanted = HistoryFilter(words=words)
    pages = [await store.read(history.page, wanted, 5)]
    while pages[-1].older is not None:
        pages.append(await store.read(history.page, wanted, 5, pages[-1].older))
    assert [_index(one) for page in pages for one in page.interactions] == list(range(22, -1, -1))
    assert pages[0].newer is None
    back = pages[-1]
    for expected in reversed(pages[:-1]):
        assert back.newer is not None
        back = await store.read(history.page, wanted, 5, None, back.newer)
        assert [_index(one) for one in back.interactions] == [_index(one) for one in expected.interactions]
    assert back.newer is None


async def test_counters_that_speak_in_one_instant_are_all_found(store: Store) -> None:
    for number in range(5):
        one = await session(store, await counter(store, f"Balcão {number}"))
        await said(store, one, [f"balcão {number}"])
    assert len(await found(store)) == 5
    assert len(await found(store, words="balcao")) == 5


async def test_what_is_erased_leaves_no_word_in_the_database(store: Store, database_url: str) -> None:
    one, other = await session(store), await session(store, await counter(store, "Balcão 2"))
    await said(store, one, ["o xilofone do freguês"] + [f"fala {number}" for number in range(60)])
    await said(store, other, ["fica o resto"])
    await store.erase(Scope(session_id=one.id), "teste", NOON)
    assert await found(store, words="xilofone") == []
    assert await found(store) == ["fica o resto"]
    if database_url.startswith("sqlite"):
        engine = create_engine(database_url)
        with engine.connect() as connection:
            blocks = connection.scalars(text("SELECT block FROM history_words_data")).all()
            connection.execute(text("INSERT INTO history_words (history_words, rank) VALUES ('integrity-check', 1)"))
        engine.dispose()
        assert not any(b"xilofone" in block for block in blocks)
        assert any(b"rest" in block for block in blocks)


async def test_a_late_answer_replaces_nothing_and_is_found_once(store: Store) -> None:
    one = await session(store)
    (identity,) = await said(store, one, ["primeira resposta"])
    assert not await store.transcribed(answer(identity, "segunda resposta"))
    assert await found(store, words="segunda") == []
    assert await found(store, words="resposta") == ["primeira resposta"]


async def test_detail_shows_words_answers_and_neighbours_to_its_client_alone(store: Store) -> None:
    key = await counter(store)
    one = await session(store, key)
    mine = await said(store, one, ["antes", "<b>meio</b>", "depois"])
    await store.add_feedback(one.counter_id, mine[1], "venda_perdida", NOON)
    shown = await store.read(history.detail, mine[1], key.holder.client_id)
    assert shown is not None
    assert (shown.interaction.text, shown.counter_name, shown.client_name) == ("<b>meio</b>", "Balcão 1", "Rede Saúde")
    assert [one.outcome for one in shown.answers] == ["venda_perdida"]
    assert ([one.text for one in shown.before], [one.text for one in shown.after]) == (["antes"], ["depois"])
    assert shown.interaction.spoken_s == 1.0
    assert await store.read(history.detail, mine[1], "00000000-0000-0000-0000-000000000000") is None
    assert await store.read(history.detail, "não há", None) is None


async def test_trials_of_a_microphone_are_nowhere(store: Store) -> None:
    from balto_cli.store import counters

    trial = await store.write(counters.open_trial, "fulana", NOON)
    one = await session(store, trial)
    (identity,) = await said(store, one, ["um dois três testando"])
    assert await found(store) == []
    assert await found(store, words="testando") == []
    assert await store.read(history.detail, identity, None) is None
    assert await store.read(figures.by_hour, Which(NOON, NOON + timedelta(hours=1))) == []


async def test_figures_add_up_by_hour_counter_and_latency(store: Store) -> None:
    key, other = await counter(store), await counter(store, "Balcão 2", "Rede Dois")
    one = await session(store, key)
    mine = await said(store, one, ["um", "dois"])
    theirs = await session(store, other, NOON + timedelta(hours=2))
    await said(store, theirs, ["três"])
    await decided(store, mine[0], "sugerir")
    await store.add_feedback(one.counter_id, mine[0], "venda_realizada", NOON)
    span = Which(NOON - timedelta(hours=1), NOON + timedelta(hours=5))
    hours = await store.read(figures.by_hour, span)
    assert [(row.hour, row.provider, row.tally.interactions) for row in hours] == [
        (NOON, "Local", 2),
        (NOON + timedelta(hours=2), "Local", 1),
    ]
    tally = hours[0].tally
    assert (tally.suggested, tally.sold, tally.answered, tally.spoken_s) == (1, 1, 1, 2.0)
    assert tally.cost_brl == pytest.approx(0.6)
    rows = await store.read(figures.by_counter, span)
    assert [(row.counter_name, row.tally.interactions) for row in rows] == [("Balcão 1", 2), ("Balcão 2", 1)]
    assert len(await store.read(figures.by_counter, replace(span, client_id=other.holder.client_id))) == 1
    counts = await store.read(figures.latencies, span)
    assert sum(row.count for row in counts if row.kind == "total") == 3
    assert all(row.from_ms in (2950, 3000) for row in counts if row.kind == "total" and row.provider == "Local")


@given(st.text(max_size=60))
def test_no_text_is_an_expression(typed: str) -> None:
    for phrase in search_terms(typed):
        assert all(word.isalnum() for word in phrase)


def _index(one: Interaction) -> int:
    return one.index


async def test_an_upgrade_finds_all_that_was_heard_before(store: Store, database_url: str) -> None:
    """What the migration fills in is what the triggers would have kept."""
    migration = runpy.run_path(str(VERSIONS / "0004_history.py"))
    one, other = await session(store), await session(store, await counter(store, "Balcão 2"))
    mine = await said(store, one, ["Tem DIPIRONA?", "água", "silêncio"])
    await said(store, other, ["Tem outra?"])
    await store.cut(cut(one, segment(3)))
    await decided(store, mine[0], "sugerir")
    await store.add_feedback(one.counter_id, mine[0], "ignorada", NOON)
    await store.add_feedback(one.counter_id, mine[0], "venda_perdida", NOON)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        sqlite = connection.dialect.name == "sqlite"
        kept = connection.execute(select(HISTORY).order_by(HISTORY.c.segment_id)).all()
        if sqlite:
            connection.execute(text("INSERT INTO history_words (history_words) VALUES ('delete-all')"))
        connection.execute(text("DELETE FROM history"))
        for statement in migration["_SQLITE_FILL" if sqlite else "_POSTGRES_FILL"]:
            connection.execute(text(statement.replace(":", r"\:")))
        filled = connection.execute(select(HISTORY).order_by(HISTORY.c.segment_id)).all()
    engine.dispose()
    # Of two in one microsecond either may be the first.
    assert [row[1:] for row in filled] == [row[1:] for row in kept]
    assert sorted(row.doc for row in filled) == sorted(row.doc for row in kept)
    assert await found(store, words="dipirona") == ["Tem DIPIRONA?"]
    assert set(await found(store, words="tem")) == {"Tem DIPIRONA?", "Tem outra?"}
