"""One task over many inputs in processes: all are done, a death costs one, a failure ends all."""

from __future__ import annotations

import multiprocessing
import os
import time

import pytest

from balto_cli.reports.processes import run_each


def double(item: int) -> int:
    return 2 * item


def die_of_three(item: int) -> int:
    if item == 3:
        os._exit(9)
    time.sleep(0.02)
    return 2 * item


def fail_of_two(item: int) -> int:
    if item == 2:
        raise OSError(28, "No space left on device")
    return item


def process_of(item: int) -> int:
    return os.getpid()


def test_every_item_comes_back_with_its_place() -> None:
    assert sorted(run_each(double, [5, 6, 7, 8, 9], 2)) == [(0, 10), (1, 12), (2, 14), (3, 16), (4, 18)]


def test_one_item_stays_in_this_process() -> None:
    assert list(run_each(process_of, ["a"], 8)) == [(0, os.getpid())]


def test_a_process_that_dies_costs_its_own_item_only() -> None:
    results = dict(run_each(die_of_three, list(range(7)), 2))
    assert results == {n: None if n == 3 else 2 * n for n in range(7)}


def test_a_failure_of_the_task_is_raised_and_leaves_no_process() -> None:
    with pytest.raises(OSError, match="No space left") as error:
        list(run_each(fail_of_two, list(range(20)), 2))
    assert error.value.errno == 28
    for _ in range(100):
        if not multiprocessing.active_children():
            break
        time.sleep(0.05)
    assert not multiprocessing.active_children()
