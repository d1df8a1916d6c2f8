"""What all wrappers share: who the provider is and what it takes are those of the wrapped one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from balto_cli.stt.base import Capabilities, Transcriber


class Wrapper:
    """A provider around a provider; a child adds `transcribe`."""

    def __init__(self, inner: Transcriber) -> None:
        self._inner = inner

    @property
    def inner(self) -> Transcriber:
        """The wrapped provider."""
        return self._inner

    @property
    def name(self) -> str:
        """Of the wrapped provider."""
        return self._inner.name

    @property
    def capabilities(self) -> Capabilities:
        """Of the wrapped provider."""
        return self._inner.capabilities

    @property
    def identity(self) -> dict[str, str]:
        """Of the wrapped provider: no wrapper changes an answer's text."""
        return self._inner.identity

    async def aclose(self) -> None:
        """Close the wrapped provider."""
        await self._inner.aclose()
