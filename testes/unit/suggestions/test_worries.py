"""What is said beside a complaint and no rule understands: nothing is offered, the pharmacist is called."""

from __future__ import annotations

import pytest

from balto_cli.suggestions import SuggestionEngine
from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.rule_list import list_rules

ENGINE = SuggestionEngine.offline()


@pytest.mark.parametrize(
    "turns",
    [
        ("Tô com dor de garganta e apareceu um caroço no pescoço.",),
        ("Queria algo pra azia, começou de repente e nunca senti isso assim.",),
        ("Minha tosse tá cada vez pior.",),
        ("Dor nas costas, e o peito meio estranho.",),
        ("Enjoo desde cedo.", "Tá com o corpo formigando?", "Tô sim."),
        ("Tô com dor de ouvido e trinta e oito de febre.",),
    ],
)
def test_beside_words_that_no_complaint_explains_nothing_is_offered(turns: tuple[str, ...]) -> None:
    assert ENGINE.suggest(turns).action == "encaminhar"


@pytest.mark.parametrize(
    "turns",
    [
        ("Bati a canela na mesa, ficou roxo e meio inchado, mas ando bem.",),
        ("Tô com dor de garganta, não tem caroço nem febre.",),
        ("Enjoo de viagem de ônibus.", "Tá com o corpo formigando?", "Não, só enjoo."),
        ("Dipirona me dá um inchaço horrível. O que tem pra dor de cabeça?",),
        ("O médico passou cefalexina depois da queda, a receita tá aqui.",),
        ("Paracetamol eu não posso, fico mal. Tem outra coisa pra dor de cabeça?",),
    ],
)
def test_words_that_are_ordinary_denied_or_seen_by_a_doctor_change_nothing(turns: tuple[str, ...]) -> None:
    assert ENGINE.suggest(turns).action == "sugerir"


def test_a_worry_alone_is_silence() -> None:
    assert ENGINE.suggest(["O sistema caiu de repente, tá tudo parado."]).action == "silencio"


def test_needs_that_explain_a_worry_exist_and_each_worry_can_be_signed() -> None:
    lexicon = load_lexicon()
    known = {need.id for need in lexicon.needs}
    assert all(worry.common_in <= known and worry.reason for worry in lexicon.worries)
    assert {f"preocupacao:{worry.id}" for worry in lexicon.worries} <= {rule.code for rule in list_rules()}
