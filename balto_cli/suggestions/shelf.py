"""What each client of a server may sell and has signed for, in the data folder; read anew when a file has changed.

`catalogos/assinaturas.csv` holds for every client; `catalogos/CLIENTE/produtos.csv` and `…/assinaturas.csv` for one, by
its id. A client's signature wins over the common one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from balto_cli.errors import UsageError
from balto_cli.suggestions.catalogue import load_catalogue
from balto_cli.suggestions.engine import SuggestionEngine
from balto_cli.suggestions.importing import read_own
from balto_cli.suggestions.review import review
from balto_cli.suggestions.signatures import read_signatures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from balto_cli.suggestions.catalogue import Catalogue
    from balto_cli.suggestions.engine import Chooser
    from balto_cli.suggestions.signatures import Review, Signature

FOLDER = "catalogos"
"""Under the data folder."""
_Stamp: TypeAlias = tuple[tuple[int, int] | None, ...]


class Shelves:
    """The catalogues and engines of all clients. For one thread at a time."""

    def __init__(
        self,
        data_folder: Path,
        chooser: Chooser | None = None,
        refuse: Callable[[str | None, str], None] = lambda _client, _why: None,
    ) -> None:
        """`refuse` is told of a client (None: of all) whose products cannot be read, and why; they are left out."""
        self._folder = data_folder / FOLDER
        self._chooser = chooser
        self._refuse = refuse
        self._engines: dict[str | None, tuple[_Stamp, SuggestionEngine]] = {}

    def products_path(self, client_id: str) -> Path:
        """Where a client's own products are."""
        return self._folder / client_id / "produtos.csv"

    def signatures_path(self, client_id: str | None) -> Path:
        """Where a client's signatures are, or with None those that hold for all."""
        return (self._folder / client_id if client_id else self._folder) / "assinaturas.csv"

    def catalogue(self, client_id: str | None) -> Catalogue:
        """Balto's catalogue with a client's own products. Raises UsageError where they cannot be read."""
        base = load_catalogue()
        if client_id is None or not self.products_path(client_id).exists():
            return base
        return base.with_own(read_own(self.products_path(client_id)))

    def signatures(self, client_id: str | None) -> dict[str, Signature]:
        """What holds for a client. Raises UsageError where a file is broken."""
        common = read_signatures(self.signatures_path(None))
        return {**common, **read_signatures(self.signatures_path(client_id))} if client_id else common

    def review(self, client_id: str | None = None) -> Review:
        """What a pharmacist has signed of what is suggested to a client (None: of Balto's own catalogue).

        Raises UsageError where a file is broken.
        """
        return review(self.signatures(client_id), self.catalogue(client_id))

    def engine(self, client_id: str | None) -> SuggestionEngine:
        """The engine of a client, with what its files say at this moment.

        Raises UsageError where signatures cannot be read: what was refused must not be suggested.
        """
        stamp = self._stamp(client_id)
        known = self._engines.get(client_id)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            catalogue = self.catalogue(client_id)
        except UsageError as error:
            self._refuse(client_id, str(error))
            catalogue = load_catalogue()
        refused = review(self.signatures(client_id), catalogue).refused
        engine = SuggestionEngine(catalogue.without(refused), chooser=self._chooser, refused_rules=refused)
        self._engines[client_id] = (stamp, engine)
        return engine

    def _stamp(self, client_id: str | None) -> _Stamp:
        paths = [self.signatures_path(None)]
        if client_id:
            paths += [self.signatures_path(client_id), self.products_path(client_id)]
        return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
