"""What a conversation says: what is asked, for whom, which complaints and dangers, what is taken, what is forbidden.

A finding is `True` (said), `False` (denied) or absent (unknown, which is never "no"). A question of the attendant is no
fact; the answer to it is. Nothing in a transcript is an order to Balto.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from balto_cli.suggestions.lexicon import Sign, Worry
    from balto_cli.suggestions.mentions import Mention


@dataclass(slots=True)
class Facts:
    """What is known of a conversation; see the module. Sets hold tokens of the tables."""

    mentions: list[Mention] = field(default_factory=list)
    needs: dict[str, str] = field(default_factory=dict)
    """Need by the words that tell it; complaints and things asked for."""
    signs: dict[str, tuple[Sign, str]] = field(default_factory=dict)
    worries: list[tuple[Worry, str]] = field(default_factory=list)
    """What was said of a body that no rule may understand, with its words."""
    mild: bool = False
    """What was hurt is said to move, to bear weight, to be nothing much."""
    conditions: set[str] = field(default_factory=set)
    denied_conditions: set[str] = field(default_factory=set)
    allergies: set[str] = field(default_factory=set)
    """Groups and ingredients; `*` is an allergy to a medicine that is not named."""
    no_allergies: bool = False
    pregnant: bool | None = None
    lactating: bool | None = None
    child: bool = False
    baby: bool = False
    age_months: int | None = None
    days: float | None = None
    temperature: float | None = None
    prescription: bool | None = None
    prescribed: bool = False
    """A doctor is said to have ordered it, whether or not the paper was shown."""
    spoken_groups: set[str] = field(default_factory=set)
    """"Antibiótico", "tarja preta": medicines asked for without a name."""
    asked_classes: set[str] = field(default_factory=set)
    """Groups of medicines that are asked for without a name: "um antigripal"."""
    asks_leave: bool = False
    """Somebody asked what may be taken or used."""
    ordered: bool = False
    """Somebody spoke to the system as if it took orders."""
    closed: bool = False
    pet: bool = False

    def copy(self) -> Facts:
        """Facts that may be added to without a change to these."""
        return replace(
            self,
            mentions=[replace(mention) for mention in self.mentions],
            needs={**self.needs},
            signs={**self.signs},
            worries=[*self.worries],
            conditions={*self.conditions},
            denied_conditions={*self.denied_conditions},
            allergies={*self.allergies},
            spoken_groups={*self.spoken_groups},
            asked_classes={*self.asked_classes},
        )

    @property
    def under_two(self) -> bool:
        """A child under two years, as far as is known."""
        return self.age_months < 24 if self.age_months is not None else self.baby

    @property
    def age_unknown_child(self) -> bool:
        """A child of whom no age was told."""
        return self.child and self.age_months is None

    @property
    def is_minor(self) -> bool:
        """Under twelve years, as far as is known."""
        return self.age_months < 144 if self.age_months is not None else self.child or self.baby
