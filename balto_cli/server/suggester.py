"""The engines behind the counters: one for each client's catalogue, in a thread of their own.

A long conversation takes the rules a tenth of a second, which the event loop cannot spare. What a pharmacy imports or
signs while the server runs holds from the next decision on.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from balto_cli.errors import UsageError
from balto_cli.server.logs import logger
from balto_cli.suggestions.llm import DailyBudget, LlmChooser, models_of
from balto_cli.suggestions.shelf import Shelves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from balto_cli.settings import Settings
    from balto_cli.suggestions import Suggestion, SuggestionEngine
    from balto_cli.suggestions.engine import Ruled
    from balto_cli.suggestions.signatures import Review

T = TypeVar("T")

_LOG = logger("balto.sugestao")
_WARM_UP = ("Bom dia, tem dipirona? Tô com dor de cabeça.",)


class Suggester:
    """Decides for every client of a server. Close it."""

    def __init__(self, data_folder: Path, chooser: LlmChooser | None = None) -> None:
        """Without a `chooser` the rules decide alone."""
        self._chooser = chooser
        self._shelves = Shelves(data_folder, chooser, _refused)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="balto-suggest")

    @classmethod
    def of(cls, settings: Settings, data_folder: Path, *, reais_per_dollar: float, spent_brl: float) -> Suggester:
        """As the settings say; `spent_brl` of today's budget is gone. Raises `UsageError` for a model without a key."""
        models = models_of(settings)
        if not models:
            return cls(data_folder)
        budget = DailyBudget(settings.llm_orcamento, spent_brl=spent_brl)
        return cls(data_folder, LlmChooser(models, budget, reais_per_dollar=reais_per_dollar))

    @property
    def llm_outcomes(self) -> dict[str, int]:
        """How calls of models ended, and how often."""
        return self._chooser.outcomes if self._chooser else {}

    async def warm_up(self) -> Review:
        """Load everything, so that the first customer does not wait; what is signed of Balto's own catalogue.

        Raises `UsageError` where the signatures that hold for all are broken.
        """
        await self.rules(None, _WARM_UP)
        return await self.review(None)

    async def review(self, client_id: str | None) -> Review:
        """What pharmacists signed of what is suggested to a client; None: of Balto's own catalogue.

        Raises `UsageError` where one of its files is broken.
        """
        return await self._in_thread(self._shelves.review, client_id)

    async def product_names(self, client_ids: Iterable[str]) -> dict[str, str]:
        """Name by id of all that may be suggested to these clients, Balto's own and theirs.

        An id that stands for several products has all their names. Of a client whose file cannot be read it is Balto's.
        """

        def work() -> dict[str, str]:
            named: dict[str, dict[str, None]] = {}
            for client_id in client_ids:
                try:
                    products = self._shelves.catalogue(client_id).products
                except UsageError:
                    products = self._shelves.catalogue(None).products
                for product in products:
                    named.setdefault(product.id, {})[product.name] = None
            return {key: " ou ".join(names) for key, names in named.items()}

        return await self._in_thread(work)

    async def rules(self, client_id: str | None, turns: Sequence[str]) -> tuple[SuggestionEngine, Ruled]:
        """What the rules say of a customer's turns, and the engine that may ask a model about it.

        Raises `UsageError` where the client's signatures are broken.
        """

        def work() -> tuple[SuggestionEngine, Ruled]:
            engine = self._shelves.engine(client_id)
            return engine, engine.ruled(turns)

        return await self._in_thread(work)

    async def decide(self, client_id: str | None, turns: Sequence[str], *, budget_s: float) -> Suggestion:
        """The answer, with a model's choice where it comes within `budget_s`. Raises as `rules`."""
        engine, ruled = await self.rules(client_id, turns)
        return await engine.refined(ruled, budget_s=budget_s)

    async def close(self) -> None:
        """Let go of thread and connections."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._chooser is not None:
            await self._chooser.close()

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def _refused(client_id: str | None, why: str) -> None:
    _LOG.warning("catalogo_recusado", cliente=client_id, problema=why)
