"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from testes.databases import database_url, postgres, store

__all__ = ["database_url", "postgres", "store"]
