"""How many files are let into memory, and that a wait ends when there is room."""

from __future__ import annotations

import asyncio

from balto_cli.evaluation.room import Room
from testes.virtual_time import run


async def entered_at(room: Room, sizes: list[int], decode_s: float, hold_s: float) -> list[float]:
    """When each of some files was let in."""
    moments: list[float] = []

    async def one(place: object, size: int) -> None:
        with place.decoding():  # type: ignore[attr-defined]
            await asyncio.sleep(decode_s)
        with place.holding(size):  # type: ignore[attr-defined]
            await asyncio.sleep(hold_s)
        place.leave()  # type: ignore[attr-defined]

    async with asyncio.TaskGroup() as group:
        for size in sizes:
            place = await room.enter()
            moments.append(asyncio.get_running_loop().time())
            group.create_task(one(place, size))
    return moments


def test_no_more_files_than_it_holds() -> None:
    assert run(entered_at(Room(files=2, decoding=9, sound_bytes=99), [1] * 5, 0.0, 10.0)) == [0, 0, 10, 10, 20]


def test_no_more_are_decoded_at_once_than_it_is_told() -> None:
    assert run(entered_at(Room(files=9, decoding=2, sound_bytes=99), [1] * 6, 1.0, 10.0)) == [0, 0, 1, 1, 2, 2]


def test_long_sound_keeps_the_next_file_out_until_it_is_gone() -> None:
    assert run(entered_at(Room(files=9, decoding=1, sound_bytes=99), [60, 60, 1], 1.0, 10.0)) == [0, 1, 11]


def test_a_file_that_alone_is_over_the_limit_goes_in_alone() -> None:
    assert run(entered_at(Room(files=9, decoding=1, sound_bytes=99), [500, 500], 1.0, 10.0)) == [0, 11]
