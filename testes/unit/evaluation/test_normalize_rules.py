"""Each rule documents itself, and can say which words it changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation import normalize
from balto_cli.evaluation.normalize import RULES, Rule, RuleChange, explain, normalize_words
from testes.unit.evaluation.test_normalize import ANY_TEXT, SENTENCES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_does_what_its_example_says(rule: Rule) -> None:
    before, after = rule.example
    assert normalize(before) == after
    assert rule.name in {change.rule for change in explain(before)}
    assert rule.description.endswith(".")


def test_names_of_rules_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


@given(ANY_TEXT | SENTENCES)
def test_the_words_with_their_origin_are_the_normalised_words(text: str) -> None:
    words = normalize_words(text)
    assert " ".join(word.text for word in words) == normalize(text)
    for word in words:
        assert 0 <= word.start < word.end <= len(text)
        assert text[word.start : word.end].strip() == text[word.start : word.end]
    starts = [word.start for word in words]
    assert starts == sorted(starts)


@given(st.lists(st.sampled_from("tem dipirona sim moça agora obrigada farmácia".split()), max_size=9))  # noqa: SIM905
def test_plain_words_are_changed_by_no_rule(words: list[str]) -> None:
    text = "  ".join(words)
    assert explain(text) == []
    assert [(text[word.start : word.end], word.rules) for word in normalize_words(text)] == [
        (word, ()) for word in words
    ]


def test_each_word_knows_its_raw_words_and_rules() -> None:
    text = "Tá, dois ml e meio [tosse] de guarda-chuva."
    origins = [(word.text, text[word.start : word.end], word.rules) for word in normalize_words(text)]
    assert origins == [
        ("está", "Tá,", ("minúsculas", "pontuação", "reduções da fala")),
        ("2,5", "dois ml e meio", ("números por extenso", "meio e meia")),
        ("ml", "dois ml e meio", ("números por extenso", "meio e meia")),
        ("de", "de", ()),
        ("guarda", "guarda-chuva.", ("pontuação",)),
        ("chuva", "guarda-chuva.", ("pontuação",)),
    ]


def test_a_change_says_what_stood_before_and_after() -> None:
    text = "[risos] pra quinhentos miligramas"
    assert explain(text) == [
        RuleChange("marcas", "[risos]", "", 0, 7),
        RuleChange("reduções da fala", "pra", "para", 8, 11),
        RuleChange("unidades", "miligramas", "mg", 23, 33),
        RuleChange("números por extenso", "quinhentos", "500", 12, 22),
    ]


def test_a_change_that_leaves_words_at_its_ends_alone_does_not_claim_them() -> None:
    text = "Às 8 horas e trinta minutos"
    assert [(word.text, text[word.start : word.end]) for word in normalize_words(text)] == [
        ("às", "Às"),
        ("8:30", "8 horas e trinta minutos"),
    ]
