from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from balto_cli.errors import UsageError
from balto_cli.suggestions.catalogue import load_catalogue
from balto_cli.suggestions.shelf import Shelves
from balto_cli.suggestions.signatures import Signature, write_signatures

THROAT = ["Minha garganta tá arranhando."]


def _stock(shelves: Shelves, client: str, name: str) -> None:
    path = shelves.products_path(client)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"codigo,nome,tipo,categoria,necessidades,explicacao\n1,{name},mercadoria,boca_garganta,dor_garganta,umedece\n",
        encoding="utf-8",
    )


def _first(shelves: Shelves, client: str | None) -> str:
    return shelves.engine(client).suggest(THROAT).items[0].name


def _signed(code: str, verdict: str = "recusado") -> dict[str, Signature]:
    return {code: Signature(code, "Ana Souza", "SP 12345", date(2026, 11, 26), verdict, "")}


def test_each_client_has_its_own_products_and_new_ones_are_taken_up(tmp_path: Path) -> None:
    shelves = Shelves(tmp_path)
    plain = _first(shelves, "longe")
    _stock(shelves, "perto", "Bala da Casa")
    assert _first(shelves, "perto") == "Bala da Casa"
    assert _first(shelves, "longe") == _first(shelves, None) == plain
    engine = shelves.engine("perto")
    assert shelves.engine("perto") is engine
    _stock(shelves, "perto", "Bala da Outra Casa")
    assert _first(shelves, "perto") == "Bala da Outra Casa"
    assert shelves.engine("perto").versions != engine.versions
    shelves.products_path("perto").unlink()
    assert _first(shelves, "perto") == plain


def test_what_a_pharmacist_refused_is_gone_for_whom_it_was_refused(tmp_path: Path) -> None:
    shelves = Shelves(tmp_path)
    best = shelves.engine(None).suggest(THROAT).items[0].product
    write_signatures(shelves.signatures_path("perto"), _signed(best.id))
    assert _first(shelves, "perto") != best.name
    assert _first(shelves, "longe") == best.name
    write_signatures(shelves.signatures_path(None), _signed(best.id))
    assert _first(shelves, "longe") != best.name
    # The client's own pharmacist has the last word.
    write_signatures(shelves.signatures_path("perto"), _signed(best.id, "aprovado"))
    assert _first(shelves, "perto") == best.name
    assert shelves.review("perto").outdated == (best.id,)
    assert shelves.review("longe").refused == (best.id,)
    assert len(shelves.review().unsigned_products) == len(load_catalogue().products) - 1


def test_products_that_cannot_be_read_are_left_out_and_told(tmp_path: Path) -> None:
    told: list[tuple[str | None, str]] = []
    shelves = Shelves(tmp_path, refuse=lambda client, why: told.append((client, why)))
    _stock(shelves, "perto", "Rivotril")
    assert shelves.engine("perto").suggest(THROAT) == shelves.engine(None).suggest(THROAT)
    assert [client for client, _ in told] == ["perto"]


def test_nothing_is_suggested_where_it_is_not_known_what_was_refused(tmp_path: Path) -> None:
    shelves = Shelves(tmp_path)
    path = shelves.signatures_path("perto")
    path.parent.mkdir(parents=True)
    path.write_text("codigo;outra coisa\n1;2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="linha 2"):
        shelves.engine("perto")
    assert shelves.engine("longe").suggest(THROAT).items
