from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from balto_cli.suggestions import SuggestionEngine
from balto_cli.suggestions.replay import replay

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
ENGINE = SuggestionEngine.offline()
HEADACHE = "Tô com dor de cabeça."


@dataclass(frozen=True)
class Said:
    session_id: str
    segment_id: str
    text: str
    start_s: float
    action: str | None = "silencio"
    rule: str | None = "sem_necessidade"
    products: tuple[str, ...] = ()
    model: str | None = None
    client_id: str = "rede"

    @property
    def end_s(self) -> float:
        return self.start_s + 1.0

    @property
    def spoken_until(self) -> datetime:
        return NOON + timedelta(seconds=self.end_s)


def _as_decided(said: Said, *before: str) -> Said:
    answer = ENGINE.suggest([*before, said.text])
    products = tuple(item.product.id for item in answer.items)
    return replace(said, action=answer.action, rule=answer.rule, products=products)


def test_the_same_rules_decide_the_same_again() -> None:
    turns = [
        _as_decided(Said("a", "1", "Tô grávida.", 0.0)),
        _as_decided(Said("a", "2", HEADACHE, 3.0), "Tô grávida."),
        _as_decided(Said("b", "3", HEADACHE, 0.0)),
        _as_decided(Said("b", "4", HEADACHE, 80.0)),
    ]
    again = list(replay(turns, lambda _: ENGINE))
    assert [one.now.action for one in again] == ["silencio", "encaminhar", "sugerir", "sugerir"]
    assert not any(one.changed for one in again)


def test_what_would_be_said_otherwise_is_told() -> None:
    turns = [Said("a", "1", HEADACHE, 0.0), replace(_as_decided(Said("b", "2", HEADACHE, 0.0)), products=("X1",))]
    assert [one.changed for one in replay(turns, lambda _: ENGINE)] == [True, True]


def test_a_turn_without_a_decision_is_heard_and_not_told() -> None:
    turns = [Said("a", "1", "Tô grávida.", 0.0, action=None), Said("a", "2", HEADACHE, 3.0, action="encaminhar")]
    (one,) = replay(turns, lambda _: ENGINE)
    assert (one.past.segment_id, one.now.action) == ("2", "encaminhar")


def test_a_models_choice_is_held_against_the_rules_action_alone() -> None:
    chosen = replace(_as_decided(Said("a", "1", HEADACHE, 0.0)), products=("M001",), model="grok")
    (one,) = replay([chosen], lambda _: ENGINE)
    assert not one.changed


def test_each_client_is_decided_on_with_its_own_engine() -> None:
    asked: list[str] = []

    def engine_of(client_id: str) -> SuggestionEngine:
        asked.append(client_id)
        return ENGINE

    list(replay([Said("a", "1", "Oi.", 0.0), Said("b", "2", "Oi.", 0.0, client_id="outra")], engine_of))
    assert asked == ["rede", "outra"]
