"""The REST interface does what its OpenAPI file says, whatever is thrown at it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import positive_data_acceptance

from balto_cli.server.openapi import openapi
from balto_cli.store.database import default_address
from balto_cli.store.store import Store
from testes.integration.server.rest_app import ADMIN, running

SCHEMA = schemathesis.openapi.from_dict(openapi())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server in a loop of its own."""
    loop = asyncio.new_event_loop()
    started = threading.Event()
    stop = asyncio.Event()
    address: list[str] = []

    async def serve(folder: Path) -> None:
        store = await Store.open(default_address(folder))
        try:
            async with running(store, folder, rate_limits="off") as server:
                address.append(str(server.client.make_url("/")).rstrip("/"))
                started.set()
                await stop.wait()
        finally:
            started.set()
            await store.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(tmp_path_factory.mktemp("servidor")),))
    thread.start()
    assert started.wait(30)
    yield address[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


EXAMPLES = {
    "deadline": None,
    "derandomize": True,
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": list(HealthCheck),
}
OPEN = ("/health", "/ready", "/metrics", "/openapi.json")
BEYOND_THE_SCHEMA = ("/cadastro/balcao", "/admin/login", "/api/test/", "/api/data/")
"""What looks right and is refused: codes that nobody was given, bytes that are no recording, cursors of no page."""


@SCHEMA.parametrize()
@settings(max_examples=25, **EXAMPLES)
def test_the_interface_is_what_its_description_says(case: schemathesis.Case, server: str) -> None:
    refused = case.operation.path.startswith(BEYOND_THE_SCHEMA)
    excluded = [positive_data_acceptance] if refused else []
    case.call_and_validate(base_url=server, headers=ADMIN, excluded_checks=excluded)


@SCHEMA.parametrize()
@settings(max_examples=10, **EXAMPLES)
def test_strangers_get_nothing_whatever_they_send(case: schemathesis.Case, server: str) -> None:
    response = case.call(base_url=server, headers={"Authorization": ""}, cookies={})
    assert response.status_code < 500
    assert response.status_code >= 400 or case.operation.path in OPEN
