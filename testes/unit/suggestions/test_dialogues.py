"""What is said of a few hundred dialogues that are not the ones the rules were measured on."""

from __future__ import annotations

import pytest

from balto_cli.suggestions import SuggestionEngine
from balto_cli.suggestions.reading import _settled
from balto_cli.suggestions.safety import forbidden_ingredients
from testes.unit.suggestions.dialogues import FRESH, Expected, generated, kept, written

MOST_WRONG, MOST_MISSED = 30, 4
"""Of more than fifteen hundred; measured."""
ENGINE = SuggestionEngine.offline()


@pytest.mark.parametrize("expected", [*written(), *kept(), *generated()], ids=lambda e: " / ".join(e.turns)[:70])
def test_a_dialogue_gets_what_pharmacy_practice_expects(expected: Expected) -> None:
    answer = ENGINE.suggest(expected.turns)
    assert answer.action == expected.action, answer
    if expected.categories:
        assert answer.category in expected.categories, answer
    if expected.immediate:
        assert answer.urgency == "imediata"
    contents = {token for item in answer.items for token in (*item.ingredients, *item.product.classes)}
    assert not contents & set(expected.banned)
    assert not contents & forbidden_ingredients()


def test_batches_labelled_before_any_rule_saw_them_stay_as_right_as_they_became() -> None:
    wrong, missed = [], []
    for expected in written(FRESH):
        answer = ENGINE.suggest(expected.turns)
        contents = {token for item in answer.items for token in (*item.ingredients, *item.product.classes)}
        assert not contents & forbidden_ingredients()
        right = answer.action == expected.action and (
            answer.action != "sugerir" or answer.category in expected.categories
        )
        if not right:
            wrong.append(expected.turns)
            if expected.action == "encaminhar":
                missed.append(expected.turns)
                assert answer.action == "silencio", expected.turns
    # Those left are labels that others would draw otherwise, and an antibiotic of the dog's.
    assert len(wrong) <= MOST_WRONG, wrong
    assert len(missed) <= MOST_MISSED, missed


def test_there_are_more_than_three_hundred() -> None:
    assert len({e.turns for e in (*written(), *generated())}) >= 300


def test_an_answer_tells_its_rule_its_words_and_its_versions() -> None:
    answer = ENGINE.suggest(["Boa tarde, minha garganta tá arranhando."])
    assert answer.rule == "necessidade:dor_garganta"
    assert "garganta" in answer.evidence
    assert answer.versions == ENGINE.versions
    assert answer.wire()["itens"][0]["sugestao"] == answer.wire()["produto"] == answer.items[0].name
    assert "arranhando" not in str(answer.wire())


def test_nothing_said_is_silence() -> None:
    assert ENGINE.suggest([]).action == "silencio"
    assert ENGINE.suggest(["", "   ", "…"]).action == "silencio"


def test_a_talk_that_grows_is_answered_as_if_it_came_at_once() -> None:
    turns = [turn for expected in kept()[::5] for turn in expected.turns][:70]
    grown = [ENGINE.suggest(turns[:count]) for count in range(1, len(turns) + 1)]
    _settled.cache_clear()
    for count, answer in enumerate(grown, 1):
        if count % 9 == 0:
            _settled.cache_clear()
            assert ENGINE.suggest(turns[:count]) == answer
