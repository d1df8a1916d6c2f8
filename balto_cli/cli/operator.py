"""What the operator's commands share: the server's store, opened for one piece of work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from balto_cli.errors import OutputError, UsageError
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from balto_cli.settings import Settings
    from balto_cli.store.store import Store

T = TypeVar("T")


def wall_clock() -> datetime:
    """The moment of the call, in UTC."""
    return datetime.now(UTC)


def operate(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    """Do `work` with the store of the settings, also while a server uses it. Raises as `Store.open`, `OutputError`."""
    from balto_cli.settings import data_folder
    from balto_cli.store.database import default_address
    from balto_cli.store.store import Store

    folder = data_folder(settings)
    if settings.database_url is None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise OutputError(
                f"Não consegui abrir a pasta {folder}: {os_reason(error)}. Escolha outra em BALTO_DATA."
            ) from None

    async def run() -> T:
        store = await Store.open(settings.database_url or default_address(folder))
        try:
            return await work(store)
        finally:
            await store.close()

    import asyncio

    return asyncio.run(run())


async def client_id(store: Store, name: str) -> str:
    """The client of a name or id. Raises `UsageError` where there is none, or more than one."""
    from balto_cli.store.dialogues import clients_named

    found = await store.read(clients_named, name)
    if len(found) != 1:
        problem = "Há mais de um cliente" if found else "Não há cliente"
        raise UsageError(f"{problem} com o nome {name}: veja os nomes, e o id de cada um, em balto keys list --json.")
    return found[0]
