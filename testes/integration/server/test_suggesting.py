"""What reaches the attendant over real sockets: a stand-in hears what the test says, a stand-in model chooses."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from balto_cli.audio.pcm import Pcm
from balto_cli.store.dialogues import client_of
from balto_cli.store.feedback import By, rates
from balto_cli.store.interactions import spent_on_suggestions
from balto_cli.suggestions import SuggestionEngine
from balto_cli.suggestions.catalogue import load_catalogue
from balto_cli.suggestions.safety import forbidden_ingredients
from balto_cli.suggestions.shelf import Shelves
from testes.doubles import FakeTranscriber
from testes.gravacoes import LIMPO_1
from testes.live import EVENTS, LEVE, Client, Running, offline, pcm_of, running
from testes.simulador.options import GOOD_KEY
from testes.simulador.server import Simulator
from testes.simulador.threaded import in_thread

HEADACHE = "Boa tarde, tô com dor de cabeça desde cedo."
OFFERED = SuggestionEngine.offline().suggest([HEADACHE])
SECOND_BYTES = 32_000
MESSAGE_BYTES = 1 << 20
BY_NAME = {product.name: product for product in load_catalogue().products}


@pytest.fixture(scope="module")
def speech() -> bytes:
    """A few seconds with one segment in them, and quiet behind it that closes it."""
    pcm = pcm_of(LIMPO_1)
    first = offline(pcm, LEVE)[0]
    begin = max(0, first.start_sample - 8_000)
    cut = pcm[2 * begin : 2 * first.end_sample] + quiet(2.0)
    assert len(offline(cut, LEVE)) == 1
    return cut


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with in_thread(lento_s=30.0) as server:
        yield server


def quiet(seconds: float) -> bytes:
    return np.random.default_rng(3).normal(0, 3, int(16_000 * seconds)).astype("<i2").tobytes()


@dataclass
class Counter:
    """A server, one socket of it, and a provider that hears whatever was put on its tongue."""

    running: Running
    client: Client
    speech: bytes
    session: str
    lines: list[str] = field(default_factory=list)
    said: int = 0

    async def say(self, text: str, *, after_s: float = 0.0) -> str:
        """Speak; the id of the segment once its transcript was told."""
        self.lines.append(text)
        self.said += 1
        sound = quiet(after_s) + self.speech
        for begin in range(0, len(sound), MESSAGE_BYTES):
            await self.client.send(sound[begin : begin + MESSAGE_BYTES])
        event = await self.client.wait_for("transcricao", self.said)
        assert event["texto"] == text
        return str(event["id_interacao"])

    async def settle(self) -> None:
        """Until everything that was said is decided on."""
        live = self.running.live
        await live.until_decided(live.sessions.sessions[self.session])

    def told(self) -> list[str]:
        return [event["comando"] for event in self.client.events if event["comando"] in ("recomendar", "encaminhar")]

    async def stored(self) -> list[Any]:
        await self.settle()
        return await self.running.interactions(self.session)


def hearing(lines: list[str]) -> FakeTranscriber:
    spoken = itertools.count()

    def answer(_: Pcm) -> str:
        return lines[next(spoken)]

    return FakeTranscriber(answer=answer)


@asynccontextmanager
async def counter(folder: Path, speech: bytes, **values: Any) -> AsyncIterator[Counter]:
    lines: list[str] = []
    async with running(folder, provider=hearing(lines), **values) as server, server.client() as client:
        opened = await client.auth(server.key, formato="pcm16", eventos=EVENTS)
        yield Counter(server, client, speech, opened["sessao"], lines)


def model(simulator: Simulator) -> dict[str, Any]:
    """Settings of a server whose models are the stand-ins."""
    simulator.reset()
    keys = {"xai_key": SecretStr(GOOD_KEY), "xai_base_url": simulator.url("xai")}
    return {**keys, "llm": ("xai",)}


async def test_what_fits_is_offered_and_stored_with_its_rule_and_versions(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech) as it:
        identity = await it.say(HEADACHE)
        event = await it.client.wait_for("recomendar")
        assert event["id_interacao"] == identity
        assert event["transcricao_base"] == HEADACHE
        assert event["produto"] == event["itens"][0]["sugestao"] == OFFERED.items[0].name
        assert event["explicacao"]
        assert event["categoria"] == event["itens"][0]["tag"] == "dor_febre"
        assert event["perguntas"]
        assert 0 <= event["latencia_ms"] < 8_000
        (row,) = await it.stored()
        assert (row.action, row.suggestion_sent) == ("sugerir", True)
        assert row.suggestion["produto"] == event["produto"]
        (turn,) = await stored_turns(it)
        assert turn.rule == "necessidade:dor_cabeca"
        assert turn.products == tuple(item.product.id for item in OFFERED.items)


async def stored_turns(it: Counter) -> list[Any]:
    from balto_cli.store.dialogues import turns_of

    await it.settle()
    return await it.running.live.store.read(turns_of, [it.session])


async def test_an_alarm_is_referred_at_once_and_no_model_is_asked(
    tmp_path: Path, speech: bytes, simulator: Simulator
) -> None:
    async with counter(tmp_path, speech, **model(simulator)) as it:
        simulator.fail("xai", "trava", times=5)
        identity = await it.say("Tô com uma dor no peito que desce pro braço.")
        event = await it.client.wait_for("encaminhar", timeout_s=2.0)
        assert set(event) == {"comando", "id_interacao", "motivo", "transcricao_base", "urgencia", "seq"}
        assert (event["id_interacao"], event["urgencia"]) == (identity, "imediata")
        assert not simulator.calls.of("xai")


async def test_silence_sends_nothing_and_is_stored(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech) as it:
        await it.say("Bom dia, quanto deu a conta?")
        (row,) = await it.stored()
        assert (row.action, row.suggestion_sent, row.suggestion) == ("silencio", False, {})
        await it.client.finish()
        assert it.told() == []


async def test_the_last_words_before_the_end_still_get_their_answer(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech) as it:
        it.lines.append(HEADACHE)
        await it.client.send(speech[: -2 * SECOND_BYTES])
        await it.client.finish()
        assert it.told() == ["recomendar"]


async def test_the_same_is_told_a_customer_once_and_the_next_one_anew(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech) as it:
        await it.say(HEADACHE)
        await it.say("Começou hoje mesmo, moça.", after_s=1.0)
        await it.say(HEADACHE, after_s=50.0)
        rows = await it.stored()
        assert [row.action for row in rows] == ["sugerir"] * 3
        assert [row.suggestion_sent for row in rows] == [True, False, True]
        assert it.told() == ["recomendar"] * 2


async def test_nothing_of_one_customer_is_known_of_the_next(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech) as it:
        await it.say("Tô grávida e com azia.")
        await it.client.wait_for("encaminhar")
        await it.say("Próximo!", after_s=6.0)
        await it.say(HEADACHE, after_s=1.0)
        await it.client.wait_for("recomendar")
        assert it.told() == ["encaminhar", "recomendar"]


async def test_what_is_said_later_is_minded_by_what_is_offered(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech) as it:
        await it.say(HEADACHE)
        await it.say("Sou alérgica a dipirona, viu?", after_s=1.0)
        await it.settle()
        last = it.client.of("recomendar")[-1]
        named = {key for item in last["itens"] for key in BY_NAME[item["sugestao"]].ingredients}
        assert "dipirona" not in named


async def test_observation_decides_and_stores_and_sends_nothing(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech, modo="observacao") as it:
        await it.say(HEADACHE)
        await it.say("Tô com dor no peito.", after_s=1.0)
        rows = await it.stored()
        assert [(row.action, row.suggestion_sent) for row in rows] == [("sugerir", False), ("encaminhar", False)]
        assert rows[0].suggestion["comando"] == "recomendar"
        await it.client.finish()
        assert it.told() == []


async def test_a_transcript_that_comes_too_late_is_not_suggested_from(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech, limits={"suggest_s": 0.0}) as it:
        await it.say(HEADACHE)
        (row,) = await it.stored()
        assert row.action is None
        assert it.told() == []


async def test_what_a_postponed_transcript_says_still_counts(tmp_path: Path, speech: bytes) -> None:
    held = asyncio.Event()
    async with counter(tmp_path, speech, limits={"postpone_s": 0.3}) as it:
        provider = it.running.provider
        heard = provider.transcribe

        async def slow(audio: Any, **options: Any) -> Any:
            if not it.lines:
                await held.wait()
                it.lines.insert(0, "Tô grávida, de cinco meses.")
            return await heard(audio, **options)

        provider.transcribe = slow  # type: ignore[method-assign]
        await it.client.send(speech)
        postponed = await it.client.wait_for("transcricao")
        assert postponed["motivo"] == "adiada"
        held.set()
        async with asyncio.timeout(10):
            while not (await it.running.interactions(it.session))[0].text:  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.02)
        await it.settle()
        it.said = 1
        await it.say(HEADACHE, after_s=1.0)
        await it.client.wait_for("encaminhar")
        assert it.told() == ["encaminhar"]


async def test_after_a_restart_the_open_conversation_goes_on(tmp_path: Path, speech: bytes) -> None:
    lines = ["Oi, tô grávida de três meses.", HEADACHE]
    provider = hearing(lines)
    async with running(tmp_path, provider=provider) as server, server.client() as client:
        opened = await client.auth(server.key, formato="pcm16", eventos=EVENTS)
        await client.send(speech)
        await client.wait_for("transcricao")
        key = server.key
    async with running(tmp_path, provider=provider, key=key) as server, server.client() as client:
        again = await client.auth(key, formato="pcm16", eventos=EVENTS, sessao=opened["sessao"])
        assert again["retomada"]
        await client.send(speech)
        event = await client.wait_for("encaminhar")
        assert event["transcricao_base"] == HEADACHE
        assert not client.of("recomendar")


# A model


async def test_a_models_choice_is_sent_and_paid_from_a_budget_that_outlives_the_server(
    tmp_path: Path, speech: bytes, simulator: Simulator
) -> None:
    wanted = OFFERED.items[1].product
    settings = model(simulator)
    simulator.chat.script({"escolhidos": [wanted.id]})
    async with counter(tmp_path, speech, limits={"answer_s": 30.0}, **settings) as it:
        await it.say(HEADACHE)
        event = await it.client.wait_for("recomendar")
        assert [item["sugestao"] for item in event["itens"]] == [wanted.name]
        (row,) = await it.stored()
        assert row.suggestion_cost_brl > 0
        (turn,) = await stored_turns(it)
        assert turn.model == "grok-4-1-fast-non-reasoning"
        key = it.running.key
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        spent = await it.running.live.store.read(spent_on_suggestions, day)
    simulator.chat.script({"escolhidos": [wanted.id]})
    calls = len(simulator.calls.of("xai"))
    async with counter(tmp_path, speech, key=key, llm_orcamento=spent, **settings) as it:
        await it.say(HEADACHE)
        event = await it.client.wait_for("recomendar")
        assert event["produto"] == OFFERED.items[0].name
        assert len(simulator.calls.of("xai")) == calls


@pytest.mark.parametrize(
    "answer",
    [
        {"escolhidos": ["Rivotril"]},
        {"escolhidos": ["S204"], "explicacao": "Tome dois comprimidos de Rivotril a cada 8 horas."},
        '{"escolhidos": ["S204"',
        "Minhas instruções são: você ajuda o atendente",
        "trava",
        "500",
    ],
)
async def test_a_hostile_or_silent_model_leaves_the_rules_answer_in_time(
    tmp_path: Path, speech: bytes, simulator: Simulator, answer: Any
) -> None:
    settings = model(simulator)
    if answer in ("trava", "500"):
        simulator.fail("xai", answer)
    else:
        simulator.chat.script(answer)
    async with counter(tmp_path, speech, limits={"answer_s": 0.6}, **settings) as it:
        await it.say(HEADACHE)
        event = await it.client.wait_for("recomendar", timeout_s=8.0)
        assert [item["sugestao"] for item in event["itens"]] == [item.name for item in OFFERED.items]
        assert event["latencia_ms"] < 8_000
        named = {key for item in event["itens"] for key in BY_NAME[item["sugestao"]].ingredients}
        assert not named & forbidden_ingredients()
        assert "Rivotril" not in str(it.client.events)
        (turn,) = await stored_turns(it)
        assert (turn.action, turn.model, turn.sent) == ("sugerir", None, True)


async def test_a_model_that_answers_on_less_than_is_known_is_not_listened_to(
    tmp_path: Path, speech: bytes, simulator: Simulator
) -> None:
    settings = model(simulator)
    simulator.fail("xai", "trava", times=5)
    async with counter(tmp_path, speech, limits={"answer_s": 6.0}, **settings) as it:
        await it.say(HEADACHE)
        await it.say("Eu tô grávida, tá?", after_s=1.0)
        await it.client.wait_for("encaminhar")
        rows = await it.stored()
        assert [(row.action, row.suggestion_sent) for row in rows] == [("sugerir", False), ("encaminhar", True)]
        assert it.told() == ["encaminhar"]


# Clients and feedback


async def test_each_client_has_its_own_catalogue_taken_up_while_the_server_runs(tmp_path: Path, speech: bytes) -> None:
    throat = "Minha garganta tá arranhando."
    async with counter(tmp_path, speech) as it:
        store = it.running.live.store
        other = await store.create_key("Rede Longe", "Balcão 1", datetime.now(UTC))
        mine = await store.find_key(it.running.key)
        assert mine is not None
        own = Shelves(tmp_path).products_path(mine.client_id)
        own.parent.mkdir(parents=True)
        own.write_text(
            "codigo,nome,tipo,categoria,necessidades,explicacao\n"
            "1,Bala da Casa,mercadoria,boca_garganta,dor_garganta,umedece\n",
            encoding="utf-8",
        )
        await it.say(throat)
        event = await it.client.wait_for("recomendar")
        assert event["produto"] == "Bala da Casa"
        async with it.running.client() as elsewhere:
            await elsewhere.auth(other.secret, formato="pcm16", eventos=EVENTS)
            it.lines.append(throat)
            await elsewhere.send(speech)
            away = await elsewhere.wait_for("recomendar")
        assert "Bala da Casa" not in str(away)
        said = {"texto": throat}
        for key, offered in ((it.running.key, True), (other.secret, False)):
            headers = {"Authorization": f"Bearer {key}"}
            address = f"{it.running.server.address}/api/test/analisar"
            async with it.running.http.post(address, json=said, headers=headers) as answer:
                assert ("Bala da Casa" in await answer.text()) is offered
        assert await store.read(client_of, other.holder.counter_id) == other.holder.client_id


async def test_a_broken_catalogue_leaves_baltos_own(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech) as it:
        mine = await it.running.live.store.find_key(it.running.key)
        assert mine is not None
        own = Shelves(tmp_path).products_path(mine.client_id)
        own.parent.mkdir(parents=True)
        own.write_text("nada disso", encoding="utf-8")
        await it.say(HEADACHE)
        assert (await it.client.wait_for("recomendar"))["produto"] == OFFERED.items[0].name


async def test_feedback_counts_for_the_rule_and_the_products(tmp_path: Path, speech: bytes) -> None:
    async with counter(tmp_path, speech) as it:
        identity = await it.say(HEADACHE)
        await it.client.wait_for("recomendar")
        await it.settle()
        for count, outcome in enumerate(("ignorada", "venda_realizada"), 1):
            await it.client.say(comando="feedback", id_interacao=identity, resultado=outcome, ref=str(count))
            await it.client.wait_for("confirmado", count)
        store = it.running.live.store
        (by_rule,) = await store.read(rates, By.RULE)
        assert (by_rule.key, by_rule.sent, by_rule.sold, by_rule.answered) == ("necessidade:dor_cabeca", 1, 1, 1)
        by_product = await store.read(rates, By.PRODUCT)
        assert {rate.key for rate in by_product} == {item.product.id for item in OFFERED.items}
        assert (await store.read(rates, By.MODEL))[0].key == "regras"
