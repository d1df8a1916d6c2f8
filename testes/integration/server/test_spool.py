"""The journal: what was written is read back after any death; nothing that is wanted is deleted."""

from __future__ import annotations

import asyncio
import errno
import os
from collections import defaultdict
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.server.spool import EVERYTHING, RECORD_BYTES, Journal, Spool

ONE, OTHER = uuid4().bytes, uuid4().bytes


def test_what_was_written_is_read_back_by_the_next_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(ONE, 0, b"abcd")
    journal.append(OTHER, 0, b"zz")
    journal.append(ONE, 2, b"efgh")
    journal.write()
    again = Journal(tmp_path)
    assert again.read(ONE, 0, 99) == b"abcdefgh"
    assert again.read(ONE, 1, 3) == b"cdef"
    assert again.read(OTHER, 0, 99) == b"zz"
    assert again.end_of(ONE, 0) == 4


@given(
    steps=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40), st.booleans()), min_size=1, max_size=30),
    lost=st.integers(0, 200),
)
@settings(max_examples=60)
def test_a_torn_tail_costs_only_what_was_torn(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, bool]], lost: int
) -> None:
    folder = tmp_path_factory.mktemp("diario")
    journal = Journal(folder, file_bytes=300)
    said: dict[int, bytes] = defaultdict(bytes)
    for who, samples, writes in steps:
        journal.append(bytes([who]) * 16, len(said[who]) // 2, piece := os.urandom(2 * samples))
        said[who] += piece
        if writes:
            journal.write()
    journal.write()
    files = sorted(folder.iterdir())
    size = files[-1].stat().st_size
    os.truncate(files[-1], max(0, size - lost))
    again = Journal(folder, file_bytes=300)
    for who, sound in said.items():
        read = again.read(bytes([who]) * 16, 0, 10**9)
        assert sound.startswith(read)
        if lost == 0:
            assert read == sound


def test_files_that_nobody_wants_are_deleted_and_the_others_stay(tmp_path: Path) -> None:
    journal = Journal(tmp_path, file_bytes=1_000)
    for index in range(20):
        journal.append(ONE, index * 100, bytes(200))
        journal.append(OTHER, index * 100, bytes(200))
        journal.write()
    files = len(list(tmp_path.iterdir()))
    journal.forget(ONE, before=1_500)
    assert journal.read(ONE, 1_500, 2_000) == bytes(1_000)
    assert journal.read(OTHER, 0, 2_000) == bytes(4_000)
    assert len(list(tmp_path.iterdir())) == files
    journal.forget(OTHER)
    assert journal.read(ONE, 1_500, 2_000) == bytes(1_000)
    assert len(list(tmp_path.iterdir())) <= files / 2
    journal.forget(ONE)
    journal.close()
    assert not list(Journal(tmp_path).owners())
    assert not list(tmp_path.iterdir())


async def test_erased_sound_is_no_longer_on_disk_and_the_rest_is(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(ONE, 0, b"SEGREDO!")
    journal.append(OTHER, 0, b"FICA")
    journal.write()
    journal.forget(ONE)  # not wanted, still on disk
    await journal.erase({ONE: [EVERYTHING]})
    everything = b"".join(map(Path.read_bytes, tmp_path.iterdir()))  # noqa: ASYNC240
    assert b"SEGREDO!" not in everything
    assert journal.read(OTHER, 0, 99) == b"FICA"
    again = Journal(tmp_path)
    assert again.owners() == (OTHER,)
    assert again.read(OTHER, 0, 99) == b"FICA"


@given(
    spans=st.lists(st.tuples(st.integers(0, 30_000), st.integers(1, 9_000)), min_size=1, max_size=3),
    forgotten=st.integers(0, 30_000),
)
@settings(max_examples=25)
def test_a_stretch_that_was_erased_is_silence_and_the_clock_goes_on(
    tmp_path_factory: pytest.TempPathFactory, spans: list[tuple[int, int]], forgotten: int
) -> None:
    """By this process and the next one; no more than a record beside it is lost, and nobody else's sound."""
    folder = tmp_path_factory.mktemp("diario")
    journal = Journal(folder, file_bytes=20_000)
    generator = np.random.default_rng(3)
    said = {who: generator.integers(1, 9_000, 30_000).astype("<i2") for who in (ONE, OTHER)}
    for start in range(0, 30_000, 2_500):
        for who, sound in said.items():
            journal.append(who, start, sound[start : start + 2_500].tobytes())
        journal.write()
    journal.forget(ONE, before=forgotten)
    stretches = [(start, start + length) for start, length in spans]
    asyncio.run(journal.erase({ONE: stretches}))
    for reader in (journal, Journal(folder, file_bytes=20_000)):
        assert reader.read(OTHER, 0, 30_000) == said[OTHER].tobytes()
        assert reader.end_of(ONE, forgotten) == 30_000 or forgotten == 30_000
        heard = np.frombuffer(reader.read(ONE, forgotten, 30_000), "<i2")
        expected = said[ONE][forgotten:]
        kept = heard != 0
        assert (heard[kept] == expected[kept]).all()
        places = np.arange(forgotten, 30_000)
        inside = np.zeros(len(places), bool)
        near = np.zeros(len(places), bool)
        for start, end in stretches:
            inside |= (places >= start) & (places < end)
            near |= (places >= start - RECORD_BYTES // 2) & (places < end + RECORD_BYTES // 2)
        assert not kept[inside].any()
        assert kept[~near].all()
        assert reader.was_erased(ONE, forgotten) == (not kept.all())


def test_sound_that_came_anew_counts_in_place_of_what_was_forgotten(tmp_path: Path) -> None:
    """Also for the process after the next one, that finds both in the files."""
    journal = Journal(tmp_path)
    journal.append(ONE, 0, b"aabb")
    journal.append(OTHER, 0, b"zz")
    journal.append(ONE, 2, b"veho")
    journal.write()
    journal.forget_from(ONE, 2)
    journal.append(OTHER, 1, b"yy")
    journal.append(ONE, 2, b"novo!!")
    journal.write()
    assert journal.read(ONE, 0, 99) == b"aabbnovo!!"
    assert Journal(tmp_path).read(ONE, 0, 99) == b"aabbnovo!!"
    assert Journal(tmp_path).read(OTHER, 0, 99) == b"zzyy"


async def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import balto_cli.server.spool as module

    spool = Spool(tmp_path)
    spool.sound.append(ONE, 0, b"antes.")
    assert spool.write()

    def full(file: object, data: bytearray) -> None:
        file.write(data[:3])  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_write_all", full)
        spool.sound.append(ONE, 3, b"cheio.")
        assert not spool.write()
        assert spool.refusal is not None
        assert spool.refusal.errno == errno.ENOSPC
        with pytest.raises(OSError, match="No space"):
            await spool.sound.sync()
        assert spool.gathered_bytes == 6
    assert spool.write()
    assert spool.refusal is None
    await spool.sound.sync()
    assert Spool(tmp_path).sound.read(ONE, 0, 99) == b"antes.cheio."


async def test_waiting_for_the_disk_is_shared_and_reaches_what_was_written_before_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import balto_cli.server.spool as module

    synced_sizes: list[int] = []
    real = module._to_disk

    def noting(file: object) -> None:
        synced_sizes.append(os.fstat(file.fileno()).st_size)  # type: ignore[attr-defined]
        real(file)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_to_disk", noting)
    journal = Journal(tmp_path)

    async def say(index: int) -> None:
        journal.append(ONE, index, b"xx")
        journal.write()
        size = journal.disk_bytes
        await journal.sync()
        assert max(synced_sizes) >= size

    await asyncio.gather(*(say(index) for index in range(50)))
    assert len(synced_sizes) <= 3
