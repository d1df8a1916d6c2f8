"""From what is said at a counter to what the attendant may offer, or to whom the customer is sent."""

from __future__ import annotations

from balto_cli.suggestions.conversation import Conversation, Turn
from balto_cli.suggestions.decision import Item, Suggestion
from balto_cli.suggestions.engine import SuggestionEngine
from balto_cli.terms import find_terms

__all__ = ["Conversation", "Item", "Suggestion", "SuggestionEngine", "Turn", "find_terms"]
