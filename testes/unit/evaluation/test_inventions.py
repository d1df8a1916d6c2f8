from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation.alignment import align
from balto_cli.evaluation.cuts import errors_at_cuts
from balto_cli.evaluation.inventions import LOOP_WORDS, MARGIN_S, find_loops, outside_speech

words = st.lists(st.sampled_from("abc"), max_size=40)


def test_a_phrase_over_and_over_is_a_loop_of_all_rounds_but_the_first() -> None:
    (loop,) = find_loops(
        ["tá", "obrigado", "por", "assistir", "obrigado", "por", "assistir", "obrigado", "por", "assistir", "e", "aí"]
    )
    assert (loop.first, loop.last, loop.round) == (4, 10, ("obrigado", "por", "assistir"))


def test_what_people_repeat_is_no_loop() -> None:
    for said in ("não não não não", "dez dez dez", "um dois um dois um dois", "bom dia bom dia"):
        assert find_loops(said.split()) == []


def test_as_many_rounds_as_the_reference_has_were_said() -> None:
    said = ("a " * 9).split()
    assert find_loops(said, said) == []
    (loop,) = find_loops([*said, "a", "a"], said)
    assert (loop.first, loop.last) == (9, 11)


@given(words, words)
def test_loops_lie_in_order_inside_what_was_heard_and_repeat_their_round(heard: list[str], said: list[str]) -> None:
    done = 0
    for loop in find_loops(heard, said):
        size = len(loop.round)
        assert done <= loop.first - size
        assert loop.first < loop.last <= len(heard)
        assert heard[loop.first - size : loop.last] == list(loop.round) * ((loop.last - loop.first) // size + 1)
        done = loop.last


@given(words.filter(lambda heard: len(heard) < LOOP_WORDS))
def test_short_texts_have_no_loops(heard: list[str]) -> None:
    assert find_loops(heard) == []


def test_only_wrong_words_far_from_all_speech_are_outside() -> None:
    speech = [(1.0, 2.0), (5.0, 6.0)]
    places = [(0.0, 0.2), (1.2, 1.4), (2.0 + MARGIN_S, 2.1 + MARGIN_S), (3.0, 3.2), (3.3, 3.5), (6.2, 6.6), (9.0, 9.5)]
    right = [False, False, False, True, False, False, False]
    assert outside_speech(places, speech, right) == [0, 2, 4, 6]
    assert outside_speech(places, [], [False] * 7) == list(range(7))


def test_an_error_at_the_edge_of_a_segment_is_the_cuts() -> None:
    said = ["a", "b", "c", "d", "e", "f"]
    at_cut = errors_at_cuts(align(said, ["a", "x", "c", "y", "z", "f"]), [3, 3])
    # b is in the middle of the first segment, d is the first word of the second, e is in its middle.
    assert at_cut == [False, False, False, True, False, False]
    lost = errors_at_cuts(align(said, ["a", "b", "e", "f"]), [2, 2])
    assert lost == [False, False, True, True, False, False]
    assert errors_at_cuts(align(said, []), []) == [False] * 6
