"""Every provider by every fault: what is tried again, how often, and what the failed tries may have cost."""

from __future__ import annotations

import pytest

from balto_cli.errors import Failure
from testes.falhas import FAULTS, SUBJECTS, matrix

TRANSCRIBED = {"lento", "vazio", "repetido"}
"""Faults that leave an answer: slow, without words, with words twice."""
ONCE_IS_ENOUGH = {"401", "402"}


@pytest.fixture(scope="module")
def cells():
    return matrix()


def test_every_provider_meets_every_fault(cells) -> None:
    met = {(cell.subject, cell.fault) for cell in cells}
    assert met == {
        (subject, fault)
        for subject in SUBJECTS
        for fault in FAULTS
        if fault != "erro-do-trabalho" or subject.stage == "consulta"
    }


def test_a_try_that_is_perhaps_billed_is_repeated_at_most_once(cells) -> None:
    assert {cell.billed for cell in cells} <= {0, 1, 2}
    assert all(not billed for cell in cells for _, billed in cell.failures[2:])


def test_what_may_have_been_billed_is_counted_in_the_cost(cells) -> None:
    for cell in cells:
        assert cell.told_lost_brl == pytest.approx(cell.billed * cell.price_brl), (cell.subject.label, cell.fault)


def test_the_attempts_that_are_told_are_those_that_were_made(cells) -> None:
    for cell in cells:
        assert cell.told_attempts == cell.attempts, (cell.subject.label, cell.fault)


def test_a_refused_account_is_never_asked_again(cells) -> None:
    refused = [cell for cell in cells if cell.fault in ONCE_IS_ENOUGH]
    assert {cell.attempts for cell in refused} == {1}
    assert {cell.failures[0][0] for cell in refused} == {Failure.KEY, Failure.QUOTA}


def test_a_fault_that_passes_costs_no_transcript(cells) -> None:
    lost = {(cell.subject.label, cell.fault) for cell in cells if not cell.passes}
    assert {fault for _, fault in lost} <= ONCE_IS_ENOUGH


def test_a_fault_that_stays_ends_with_a_sentence_and_no_secret(cells) -> None:
    for cell in cells:
        if cell.fault in TRANSCRIBED:
            assert cell.said == ""
        else:
            assert cell.said.endswith(".")
            assert "good-key" not in cell.said
            assert len(cell.said.splitlines()) == 1
