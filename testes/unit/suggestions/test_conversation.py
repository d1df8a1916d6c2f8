from __future__ import annotations

from balto_cli.suggestions import Conversation, SuggestionEngine, Turn
from balto_cli.suggestions.conversation import END_AFTER_S, MAX_TURNS, last_customer


def test_silence_ends_a_conversation() -> None:
    talk = Conversation()
    assert not talk.add(Turn("Tem dipirona?", 0.0, 2.0))
    assert not talk.expire(END_AFTER_S)
    assert talk.expire(2.0 + END_AFTER_S)
    assert talk.texts() == []


def test_a_long_pause_begins_a_new_customer() -> None:
    talk = Conversation()
    talk.add(Turn("Tô grávida e com azia.", 0.0, 2.0))
    assert talk.add(Turn("Quero uma escova de dentes.", 60.0, 62.0))
    assert talk.texts() == ["Quero uma escova de dentes."]


def test_a_farewell_and_a_greeting_after_a_short_pause_are_a_hand_over() -> None:
    talk = Conversation()
    for turn in (
        Turn("Me vê uma Neosaldina.", 0.0, 2.0),
        Turn("Deu R$ 27,50. Obrigado, melhoras!", 3.0, 5.0),
        Turn("Boa tarde. Tô com diarreia desde cedo.", 13.0, 16.0),
    ):
        talk.add(turn)
    assert talk.texts() == ["Boa tarde. Tô com diarreia desde cedo."]


def test_a_customer_who_goes_on_after_thanking_stays_the_same() -> None:
    talk = Conversation()
    talk.add(Turn("Tô grávida. Obrigada, viu, tchau!", 0.0, 2.0))
    assert not talk.add(Turn("Ah, e aproveitando, o que eu tomo pra azia?", 8.0, 10.0))
    assert SuggestionEngine.offline().suggest(talk.texts()).action == "encaminhar"


def test_only_the_newest_turns_are_kept() -> None:
    talk = Conversation()
    for second in range(MAX_TURNS + 5):
        talk.add(Turn(f"turno {second}", second, second + 0.5))
    assert len(talk.turns) == MAX_TURNS


def test_without_times_the_words_tell_the_hand_over() -> None:
    assert last_customer(["Tô grávida.", "Próximo!", "Quero fio dental."]) == ["Quero fio dental."]
    assert last_customer(["Tem dipirona?", "Tem sim."]) == ["Tem dipirona?", "Tem sim."]
    assert last_customer(["Volto na próxima semana.", "Tá bom."]) == ["Volto na próxima semana.", "Tá bom."]


def test_nothing_of_the_first_customer_carries_over() -> None:
    answer = SuggestionEngine.offline().suggest(
        [
            "Sou alérgico a tudo que é remédio e tô com dor no peito.",
            "Obrigado, melhoras!",
            "Boa tarde, quero fio dental.",
        ]
    )
    assert (answer.action, answer.category) == ("sugerir", "boca_garganta")
