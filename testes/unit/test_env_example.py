"""The example of `.env` names what the settings read, and nothing else."""

from __future__ import annotations

from pathlib import Path

from dotenv import dotenv_values

from balto_cli.settings import KEYED_PROVIDERS, key_variable, variables

EXAMPLE = Path(__file__).parents[2] / ".env.exemplo"


def test_every_name_is_one_that_is_read_and_every_key_is_there() -> None:
    names = set(dotenv_values(EXAMPLE))
    assert names <= set(variables().values())
    assert {key_variable(provider) for provider in KEYED_PROVIDERS} <= names


def test_it_holds_no_key() -> None:
    assert not any(value for name, value in dotenv_values(EXAMPLE).items() if name.endswith("_API_KEY"))
