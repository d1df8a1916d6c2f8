from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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


def test_a_counter_whose_sound_stopped_coming_has_another_customer_later() -> None:
    talk = Conversation()
    talk.add(Turn("Tô grávida e com azia.", 0.0, 2.0, heard_s=100.0))
    assert not talk.expire(3.0, 100.0 + END_AFTER_S - 1)
    assert talk.add(Turn("Quero fio dental.", 3.0, 4.0, heard_s=102.0 + END_AFTER_S))
    assert talk.texts() == ["Quero fio dental."]
    assert talk.expire(5.0, 300.0)


def test_sound_that_was_sent_at_once_is_paused_by_its_own_clock() -> None:
    talk = Conversation()
    talk.add(Turn("Tem dipirona?", 0.0, 2.0, heard_s=100.0))
    assert not talk.add(Turn("Tem sim.", 4.0, 5.0, heard_s=100.1))
    assert talk.add(Turn("Boa tarde.", 60.0, 61.0, heard_s=100.2))


def test_a_late_turn_of_a_customer_who_has_left_is_passed_over() -> None:
    talk = Conversation()
    talk.add(Turn("Tem dipirona?", 10.0, 12.0))
    talk.add(Turn("Quero fio dental.", 80.0, 82.0))
    assert not talk.add(Turn("Tô grávida.", 8.0, 9.0))
    assert talk.texts() == ["Quero fio dental."]
    talk.expire(82.0 + END_AFTER_S)
    assert not talk.add(Turn("Tô grávida.", 79.0, 80.0))
    assert talk.texts() == []


WORDS = ("Tem dipirona?", "Tô com febre.", "Próximo!", "Obrigado, tchau!", "Boa tarde.", "Tô grávida.")


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from((0.5, 3.0, 7.0, 20.0))), min_size=1, max_size=8),
    st.data(),
)
def test_turns_of_one_customer_are_the_same_in_whatever_order_they_come(
    said: list[tuple[str, float]], data: st.DataObject
) -> None:
    turns, at_s = [], 0.0
    for text, pause_s in said:
        turns.append(Turn(text, at_s + pause_s, at_s + pause_s + 1.0))
        at_s += pause_s + 1.0
    in_order = Conversation()
    if sum(in_order.add(turn) for turn in turns):
        return  # whoever has left is not called back by a late turn
    late = Conversation()
    for turn in data.draw(st.permutations(turns)):
        late.add(turn)
        late.add(turn)
    # A call for the next customer may have ended it before an earlier turn came.
    if late.turns and late.turns[0] == turns[0]:
        assert late.texts() == in_order.texts()
