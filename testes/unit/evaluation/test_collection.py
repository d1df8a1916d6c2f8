from __future__ import annotations

import gc

import pytest

from balto_cli.evaluation.collection import no_collection


def test_the_collector_rests_inside_and_is_as_it_was_afterwards() -> None:
    @no_collection()
    def work() -> bool:
        return gc.isenabled()

    assert [work(), work()] == [False, False]
    assert gc.isenabled()
    with no_collection():
        assert not work()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_leaves_the_collector_on() -> None:
    with pytest.raises(ValueError, match="x"), no_collection():
        raise ValueError("x")
    assert gc.isenabled()
