"""Work that makes millions of small values and drops few, without the collector walking over them again and again."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the collector of cycles at rest; as a decorator or in a `with`.

    Alignments, rows and cells refer to one another in no circle, so counting references frees them all. The collector
    looks at every one of them each time their number has grown by a quarter: a quarter of an analysis's time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
