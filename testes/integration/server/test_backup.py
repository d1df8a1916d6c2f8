"""A backup holds what one moment held, whatever goes on; put back, it obeys what was ordered since."""

from __future__ import annotations

import asyncio
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from balto_cli.errors import OutputError, UsageError
from balto_cli.server.backup import ORDERS_FILE, Backup, make_backup, read_orders, save_orders
from balto_cli.server.folder_lock import lock_folder
from balto_cli.server.restore import Restored, restore_backup
from balto_cli.server.spool import Journal
from balto_cli.settings import Settings
from balto_cli.store import accounts, snapshot
from balto_cli.store.database import default_address
from balto_cli.store.records import Scope, SessionRecord, segment_id
from balto_cli.store.store import Store
from testes.live import running, settings_of
from testes.unit.store.making import NOON, counter, cut, said, segment, session

TONE = bytes(range(256)) * 125
"""One second of PCM, no two neighbouring bytes alike."""


def restore(folder: Path, path: Path, *, replace_all: bool = False, orders_from: Path | None = None) -> Restored:
    return restore_backup(settings_of(folder), path, replace_all=replace_all, orders_from=orders_from, actor="operador")


async def backup(folder: Path, target: Path) -> Backup:
    return await asyncio.to_thread(make_backup, settings_of(folder), target, "operador")


async def opened(folder: Path) -> Store:
    """The store of a data folder."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - nothing else runs here
    return await Store.open(default_address(folder))


def put_sound(folder: Path, *ids: str) -> None:
    journal = Journal(folder / "spool" / "segmentos")
    for one in ids:
        journal.append(UUID(one).bytes, 0, TONE)
    journal.close()


def sound_of(folder: Path, *ids: str) -> list[bytes]:
    journal = Journal(folder / "spool" / "segmentos")
    return [journal.read(UUID(one).bytes, 0, len(TONE) // 2) for one in ids]


def raw_sound(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (folder / "spool" / "segmentos").iterdir())


def record(folder: Path, of: SessionRecord) -> Path:
    place = folder / "gravacoes" / f"2026-11-03_120000_{of.id}"
    place.mkdir(parents=True)
    (place / "sessao.json").write_text(
        json.dumps({"sessao": of.id, "som": "a.wav", "apagado_s": [], "fim_utc": None, "inicio_utc": NOON.isoformat()})
    )
    (place / "a.wav").write_bytes(b"\0" * 44 + TONE)
    return place


async def test_a_backup_under_load_restores_to_what_it_counted(tmp_path: Path) -> None:
    """Sixteen writers go on while it is made; every index up to some point is there, and none behind it."""
    store = await opened(tmp_path / "dados")
    sessions = [await session(store) for _ in range(16)]
    done, stop = [0] * 16, asyncio.Event()

    async def write(number: int) -> None:
        while not stop.is_set():
            await store.cut(cut(sessions[number], segment(done[number])))
            done[number] += 1

    writers = [asyncio.create_task(write(number)) for number in range(16)]
    while min(done) < 20:  # noqa: ASYNC110 - a test looks from outside
        await asyncio.sleep(0)
    before = list(done)
    made = await backup(tmp_path / "dados", tmp_path / "backups")
    while max(done) <= max(before):  # noqa: ASYNC110
        await asyncio.sleep(0)
    stop.set()
    await asyncio.gather(*writers)
    await store.close()

    await asyncio.to_thread(restore, tmp_path / "outra", made.path)
    assert sum(before) <= made.manifest.rows["segments"] < sum(done)
    counted = snapshot.count_rows(tmp_path / "outra" / "balto.db")
    assert {**counted, "audit": 0} == {**made.manifest.rows, "audit": 0}
    assert counted["audit"] == made.manifest.rows["audit"] + 1
    restored = await opened(tmp_path / "outra")
    for one, known in zip(sessions, before, strict=True):
        page = await restored.list_interactions(Scope(session_id=one.id), 100_000)
        found = sorted(item.index for item in page.interactions)
        assert found == list(range(len(found)))
        assert len(found) >= known
    await restored.close()


async def test_a_running_server_is_backed_up_and_the_copy_runs(tmp_path: Path) -> None:
    async with running(tmp_path / "dados") as server:
        made = await backup(tmp_path / "dados", tmp_path / "backups")
        key = server.key
        trail = await server.live.store.audit_trail()
        assert (trail[0].action, trail[0].subject) == ("copiar", "backup")
        with pytest.raises(UsageError, match="Já há um servidor"):
            await asyncio.to_thread(restore, tmp_path / "dados", made.path, replace_all=True)
    await asyncio.to_thread(restore, tmp_path / "outra", made.path)
    async with running(tmp_path / "outra", key=key) as server, server.client() as client:
        await client.auth(key, formato="pcm16")


async def test_sound_that_is_wanted_recordings_and_catalogues_come_along_and_nothing_secret(tmp_path: Path) -> None:
    folder = tmp_path / "dados"
    store = await opened(folder)
    key = await counter(store)
    one = await session(store, key)
    kept, also_kept, waiting = (segment_id(one.id, index) for index in range(3))
    await said(store, one, ["dipirona", "soro"], audio_path="segmentos")
    await store.cut(cut(one, segment(2)))
    await store.close()
    put_sound(folder, kept, also_kept, waiting, segment_id(one.id, 9))
    record(folder, one)
    (folder / "catalogos").mkdir()
    (folder / "catalogos" / "assinaturas.csv").write_text("a;b\n")
    (folder / "segredo-admin.txt").write_text("o-segredo\n")
    (folder / "spool" / "som").mkdir()
    settings = settings_of(folder, elevenlabs_key=SecretStr("chave-do-provedor"))
    made = await asyncio.to_thread(make_backup, settings, tmp_path / "meu.zip", "operador")
    assert made.path == tmp_path / "meu.zip"
    assert made.path.stat().st_mode & 0o077 == 0
    assert not list(folder.glob(".backup-*"))

    with zipfile.ZipFile(made.path) as archive:
        names = archive.namelist()
        told = b"".join(archive.read(name) for name in names)
    assert "segredo-admin.txt" not in names
    for secret in (b"o-segredo", b"chave-do-provedor", b"segredo-bem-comprido", key.secret.encode()):
        assert secret not in told
    await asyncio.to_thread(restore, tmp_path / "outra", made.path)
    assert sound_of(tmp_path / "outra", kept, also_kept, waiting) == [TONE, TONE, TONE]
    assert UUID(segment_id(one.id, 9)).bytes not in raw_sound(tmp_path / "outra"), "sound that no row wants"
    (wav,) = (tmp_path / "outra" / "gravacoes").rglob("*.wav")
    assert wav.read_bytes()[44:] == TONE
    assert (tmp_path / "outra" / "catalogos" / "assinaturas.csv").read_text() == "a;b\n"


async def test_what_was_erased_and_revoked_after_the_backup_stays_so(tmp_path: Path) -> None:
    folder = tmp_path / "dados"
    store = await opened(folder)
    key, other_key = await counter(store), await counter(store, "Balcão 2")
    erased, stays, other = [await session(store, k) for k in (key, key, other_key)]
    for one in (erased, stays, other):
        await said(store, one, ["dipirona sódica", "tem soro?"], audio_path="segmentos")
    ids = [segment_id(one.id, 0) for one in (erased, stays, other)]
    put_sound(folder, *ids)
    record(folder, erased)
    at = datetime.now(UTC)
    await store.write(accounts.add, "maria", "Maria", accounts.Role("operador"), None, "hash", at)
    made = await backup(folder, tmp_path / "backups")
    later = datetime.now(UTC)
    await store.erase(Scope(session_id=erased.id), "operador", later)
    await store.erase(Scope(counter_id=other_key.holder.counter_id), "operador", later)
    await store.revoke_key(key.holder.key_id, later)
    await store.audit("operador", "revogar", "chave", {"chave": key.holder.key_id}, later)
    await store.audit("operador", "remover", "conta", {"conta": "maria"}, later)
    await store.close()

    # The list beside the backups does it on another machine, the database that is put aside on this one.
    path, count = save_orders(settings_of(folder), tmp_path / "backups")
    assert (path.name, count) == (ORDERS_FILE, 4)
    for target, replace_all in ((tmp_path / "outra", False), (folder, True)):
        if replace_all:
            path.unlink()
        done = await asyncio.to_thread(restore, target, made.path, replace_all=replace_all)
        assert (done.orders, done.erased) == (4, 4)
        restored = await opened(target)
        assert [await restored.session(one.id) is not None for one in (erased, stays, other)] == [False, True, False]
        assert [await restored.interaction(one) is not None for one in ids] == [False, True, False]
        assert await restored.find_key(key.secret) is None
        account = await restored.read(accounts.find, "maria")
        assert account is not None
        assert account.removed_at is not None
        await restored.close()
        assert sound_of(target, *ids) == [b"", TONE, b""]
        assert raw_sound(target).count(TONE[:8192]) == len(TONE) // 8192, (
            "erased sound is overwritten, not only forgotten"
        )
        assert not list((target / "gravacoes").glob(f"*{erased.id}"))
    (aside,) = folder.glob("antes-*")
    assert (aside / "balto.db").exists()


async def test_an_order_that_was_under_way_takes_nothing_that_was_said_after_it(tmp_path: Path) -> None:
    """Ordered before the copy and in its audit: done again up to that moment, since it may not have been finished."""
    store = await opened(tmp_path / "dados")
    key = await counter(store)
    now = datetime.now(UTC)
    before = await session(store, key, now - timedelta(minutes=50))
    after = await session(store, key, now - timedelta(minutes=20))
    for one in (before, after):
        await said(store, one, ["um"])
    scope = Scope(counter_id=key.holder.counter_id)
    await store.audit("operador", "apagar", "interacoes", scope.as_detail(), now - timedelta(minutes=30))
    await store.close()
    made = await backup(tmp_path / "dados", tmp_path / "backups")
    done = await asyncio.to_thread(restore, tmp_path / "outra", made.path)
    assert done.erased == 1
    restored = await opened(tmp_path / "outra")
    assert await restored.interaction(segment_id(before.id, 0)) is None
    assert await restored.interaction(segment_id(after.id, 0)) is not None
    await restored.close()


async def test_the_list_of_orders_only_grows(tmp_path: Path) -> None:
    store = await opened(tmp_path / "dados")
    one = await session(store)
    await store.erase(Scope(session_id=one.id), "operador", NOON)
    path, _ = await asyncio.to_thread(save_orders, settings_of(tmp_path / "dados"), tmp_path / "lista")
    first = path.read_text()
    other = await opened(tmp_path / "novos")
    await other.erase(Scope(since=NOON, until=NOON + timedelta(hours=1)), "operador", NOON + timedelta(days=1))
    await other.close()
    await asyncio.to_thread(save_orders, settings_of(tmp_path / "novos"), tmp_path / "lista")
    assert path.read_text().startswith(first)
    assert [order.scope for order in read_orders(path)] == [
        Scope(session_id=one.id),
        Scope(since=NOON, until=NOON + timedelta(hours=1)),
    ]
    await store.close()
    for wrong in ("lixo", '{"em": "2026-01-01T00:00:00+00:00", "acao": "apagar", "de": "interacoes", "detalhe": {}}'):
        path.write_text(wrong)
        with pytest.raises(UsageError, match="lista de apagamentos"):
            read_orders(path)


async def made_in(tmp_path: Path) -> Path:
    store = await opened(tmp_path / "dados")
    await said(store, await session(store), ["um", "dois"])
    await store.close()
    return (await backup(tmp_path / "dados", tmp_path / "bons.zip")).path


def rewritten(path: Path, target: Path, **changed: bytes | None) -> Path:
    """A copy of a backup with some files other (None: without them)."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = changed.get(name, source.read(name))
            if content is not None:
                copy.writestr(name, content)
    return target


async def test_a_backup_that_is_not_whole_changes_nothing(tmp_path: Path) -> None:
    good = await made_in(tmp_path)
    with zipfile.ZipFile(good) as archive:
        database, manifest = archive.read("balto.db"), json.loads(archive.read("manifesto.json"))
    torn = tmp_path / "cortado.zip"
    torn.write_bytes(good.read_bytes()[:-200])
    bad_bytes = bytearray(good.read_bytes())
    bad_bytes[500] ^= 255
    flipped = tmp_path / "virado.zip"
    flipped.write_bytes(bad_bytes)
    outside = {**manifest, "arquivos": {"../fora": next(iter(manifest["arquivos"].values()))}}
    wrong_counts = {**manifest, "contagens": {**manifest["contagens"], "segments": 7}}
    cases = [
        (torn, UsageError),
        (flipped, OutputError),
        (tmp_path / "nada.zip", OutputError),
        (rewritten(good, tmp_path / "1.zip", **{"balto.db": database[:-1] + b"x"}), OutputError),
        (rewritten(good, tmp_path / "2.zip", **{"configuracao.json": None}), OutputError),
        (rewritten(good, tmp_path / "3.zip", **{"manifesto.json": json.dumps(outside).encode()}), UsageError),
        (rewritten(good, tmp_path / "4.zip", **{"manifesto.json": json.dumps(wrong_counts).encode()}), OutputError),
        (rewritten(good, tmp_path / "5.zip", **{"manifesto.json": b'{"formato": 2}'}), UsageError),
    ]
    for path, kind in cases:
        with pytest.raises(kind):
            await asyncio.to_thread(restore, tmp_path / "alvo", path)
    assert {one.name for one in (tmp_path / "alvo").iterdir()} <= {"em-uso.lock"}
    assert not (tmp_path / "fora").exists()
    await asyncio.to_thread(restore, tmp_path / "alvo", good)
    with pytest.raises(UsageError, match="--substituir"):
        await asyncio.to_thread(restore, tmp_path / "alvo", good)


async def test_what_cannot_be_backed_up_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pg_dump"):
        make_backup(settings_of(tmp_path, database_url="postgresql://u:senha@h/b"), tmp_path, "operador")
    with pytest.raises(UsageError, match="Não há banco"):
        make_backup(settings_of(tmp_path / "nada"), tmp_path, "operador")
    good = await made_in(tmp_path)
    with pytest.raises(UsageError, match="já existe"):
        make_backup(settings_of(tmp_path / "dados"), good, "operador")
    (tmp_path / "arquivo").write_text("x")
    with pytest.raises(OutputError):
        make_backup(settings_of(tmp_path / "dados"), tmp_path / "arquivo", "operador")
    with lock_folder(tmp_path / "alvo"), pytest.raises(UsageError, match="Já há um servidor"):
        restore(tmp_path / "alvo", good)


async def test_a_database_elsewhere_goes_back_to_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "dados"
    folder.mkdir()
    elsewhere = tmp_path / "bancos" / "loja.db"
    elsewhere.parent.mkdir()
    address = f"sqlite:///{elsewhere.as_posix()}"
    store = await Store.open(address)
    await said(store, await session(store), ["um"])
    await store.close()
    settings: Settings = settings_of(folder, database_url=address)
    made = await asyncio.to_thread(make_backup, settings, tmp_path / "b.zip", "operador")
    with pytest.raises(UsageError, match="--substituir"):
        await asyncio.to_thread(
            restore_backup, settings, made.path, replace_all=False, orders_from=None, actor="operador"
        )
    done = await asyncio.to_thread(
        restore_backup, settings, made.path, replace_all=True, orders_from=None, actor="operador"
    )
    assert done.aside is not None
    assert (done.aside / "loja.db").exists()
    assert snapshot.count_rows(elsewhere)["segments"] == 1
