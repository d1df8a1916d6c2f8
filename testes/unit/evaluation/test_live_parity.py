"""What is said of a recording that a server heard otherwise than the offline commands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation.live_parity import Parity, Piece, compare_heard, parity_lines, uncompared

ONE, TWO, THREE = Piece(0.5, 2.0, "ok", "tem dipirona"), Piece(3.0, 4.0, "ok", "tem sim"), Piece(6.0, 7.5, "vazia")


def said(offline: list[Piece], live: list[Piece]) -> tuple[str, ...]:
    return compare_heard("a.wav", offline, live).differences


def test_each_kind_of_difference_is_named_with_its_place() -> None:
    assert said([ONE, TWO, THREE], [ONE, TWO, THREE]) == ()
    assert said([ONE, TWO], [ONE, Piece(3.0, 4.01, "ok")]) == (
        "trecho 2 (de 3,00 a 4,00 s): no servidor vai de 3,00 a 4,01 s",
    )
    assert said([ONE, TWO, THREE], [ONE, THREE]) == ("trecho 2 (de 3,00 a 4,00 s): o servidor não o cortou",)
    assert said([ONE, THREE], [ONE, TWO, THREE]) == ("só no servidor: um trecho de 3,00 a 4,00 s",)
    assert said([ONE], [ONE, TWO]) == ("só no servidor: um trecho de 3,00 a 4,00 s",)
    assert said([ONE], [Piece(0.5, 2.0, "falha", reason="adiada")]) == (
        "trecho 1 (de 0,50 a 2,00 s): texto ok, no servidor falha (adiada)",
    )
    assert said([ONE], [Piece(0.5, 2.0, None)]) == ("trecho 1 (de 0,50 a 2,00 s): texto ok, no servidor sem resposta",)


def test_another_text_is_counted_and_is_no_difference() -> None:
    """Two providers, or one that answers otherwise twice: the state is the same."""
    file = compare_heard("a.wav", [ONE, TWO], [ONE, Piece(3.0, 4.0, "ok", "tem cinco")])
    assert file.is_same
    assert file.same_texts == 1


def test_the_summary_says_how_many() -> None:
    same = compare_heard("a.wav", [ONE, TWO], [ONE, TWO])
    other = compare_heard("b.wav", [ONE, TWO], [ONE])
    lost = uncompared("c.wav", "a sessão foi encerrada")
    assert list(parity_lines(Parity((same,), ("ElevenLabs",)))) == [
        "Ao vivo igual a offline: 1 gravações, 2 trechos; textos iguais: 2 (no servidor: ElevenLabs)."
    ]
    lines = list(parity_lines(Parity((same, other, lost))))
    assert lines[0] == "b.wav: 2 trechos aqui, 1 no servidor"
    assert "c.wav: não comparado, a sessão foi encerrada" in lines
    assert "1 de 3 gravações iguais" in lines[-2]
    assert not Parity((same, lost)).is_same


PIECES = st.lists(st.integers(1, 500), max_size=20).map(
    lambda steps: [
        Piece(sum(steps[:n]) / 100, (sum(steps[:n]) + steps[n]) / 100, "ok", str(n)) for n in range(0, len(steps), 2)
    ]
)


@given(PIECES, PIECES)
def test_nothing_differs_if_and_only_if_all_is_the_same(offline: list[Piece], live: list[Piece]) -> None:
    edges = [[(one.start_s, one.end_s) for one in pieces] for pieces in (offline, live)]
    assert (said(offline, live) == ()) == (edges[0] == edges[1])
    assert said(live, live) == ()
