"""The generated tables of `docs/` say what the code does."""

from __future__ import annotations

import pytest

from testes.tabelas import DOCS, TABLES, rendered


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_fresh(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == rendered(name), f"docs/{name} is stale: run `make docs`"
