"""All wrappers around a provider, in the one order that they are used in.

    Cached      an answer that is there costs nothing, so it waits for nobody's turn and no budget
     Turns      as many calls as the provider states; the others wait here, where no deadline runs
      Deadline  the whole call: every attempt, every wait between them
       Retry    waits outside of the limits, so that a call that waits to be tried again keeps no other from its place
        Limits  every attempt counts in the provider's limits, and each "too many requests" teaches them
         Breaker   sees every attempt, after it waited for its place: what queues finds it open when its turn comes
          Budget   pays for each attempt; inside the breaker, so that nothing is set aside for a call that only waits
           Metered   counts attempts and what a failed one may have cost
            the provider

Offline (`compare`, `transcribe`) time is cheap and an answer is worth a long wait. Live, the customer leaves after
about five seconds: there are no turns, so that the time in the queue counts, an open breaker fails at once, and
`live_stack` goes to the next provider. The local engine is asked once and waited for, live too: a call of it that was
cut off and asked again would only keep the next ones waiting longer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from balto_cli.stt.prices import REAIS_PER_DOLLAR
from balto_cli.stt.resilience.breaker import Breaker
from balto_cli.stt.resilience.budget import Budget, Purse
from balto_cli.stt.resilience.deadline import Deadline
from balto_cli.stt.resilience.effort import Metered
from balto_cli.stt.resilience.failover import Failover
from balto_cli.stt.resilience.limits import Limits, Turns
from balto_cli.stt.resilience.retry import Retry
from balto_cli.stt.resilience.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from balto_cli.stt.base import Transcriber


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a stack is. Times in seconds."""

    tries: int
    """Attempts at one call."""
    rate_tries: int
    """The same where every failure was too many requests, which cost nothing and pass."""
    first_wait_s: float
    """Ceiling of the first wait between two attempts; it doubles."""
    longest_wait_s: float
    deadline_s: float
    """For a call, and more for each second of its audio, and for the upload of a whole recording."""
    deadline_per_audio_s: float
    deadline_recording_s: float
    turns: bool
    """Whether calls wait for their turn before their time runs."""
    open_after: int
    """Failures in a row that open the breaker."""
    rest_s: float
    """From its opening to the first probe; doubles up to `longest_rest_s`."""
    longest_rest_s: float
    patience_s: float
    """Age of an outage up to which calls wait for its end."""
    refused_rest_s: float
    """The same as `rest_s` where the account was refused: wrong key, no credit."""
    grow_after: int = 20
    """Answers in a row after which a limit that was lowered is raised by a step."""
    pause_s: float = 1.0
    """How long all calls stop after too many requests where the provider does not say."""


OFFLINE = Policy(
    tries=4,
    rate_tries=10,
    first_wait_s=1.0,
    longest_wait_s=30.0,
    deadline_s=300.0,
    deadline_per_audio_s=4.0,
    deadline_recording_s=600.0,
    turns=True,
    open_after=8,
    rest_s=5.0,
    longest_rest_s=60.0,
    patience_s=120.0,
    refused_rest_s=math.inf,
)
"""Of `compare` and `transcribe`: a run gets past a restart of the provider, and gives one up that stays down."""

OFFLINE_LOCAL = replace(OFFLINE, deadline_s=math.inf)
"""Of the local engine: it never hangs, and how long it takes depends on the machine."""

LIVE = Policy(
    tries=2,
    rate_tries=2,
    first_wait_s=0.2,
    longest_wait_s=0.4,
    deadline_s=3.0,
    deadline_per_audio_s=0.2,
    deadline_recording_s=0.0,
    turns=False,
    open_after=6,
    rest_s=2.0,
    longest_rest_s=60.0,
    patience_s=0.0,
    refused_rest_s=300.0,
)
"""Of a counter: a late answer is worth nothing, and the next provider is there."""

LIVE_LOCAL = replace(LIVE, tries=1, rate_tries=1, deadline_s=math.inf)
"""Of the local engine at a counter: what comes late is stored as late, which no second try would make any earlier."""

LIVE_TOTAL_S = 5.0
"""For all providers of a counter together, and more for each second of audio; not where the local engine is one."""


def wrapped(
    provider: Transcriber,
    policy: Policy,
    *,
    purse: Purse | None = None,
    reais_per_dollar: float = REAIS_PER_DOLLAR,
    random: Random | None = None,
    tell: Callable[[str], None] | None = None,
) -> Transcriber:
    """One provider with all but the cache, which each use sets up for itself; `random` makes its waits repeatable."""
    stack: Transcriber = Metered(provider, reais_per_dollar=reais_per_dollar)
    if purse:
        stack = Budget(stack, purse, reais_per_dollar=reais_per_dollar)
    stack = Breaker(
        stack,
        open_after=policy.open_after,
        rest_s=policy.rest_s,
        longest_rest_s=policy.longest_rest_s,
        patience_s=policy.patience_s,
        refused_rest_s=policy.refused_rest_s,
        tell=tell,
    )
    stack = Limits(stack, grow_after=policy.grow_after, pause_s=policy.pause_s)
    stack = Retry(
        stack,
        tries=policy.tries,
        rate_tries=policy.rate_tries,
        first_wait_s=policy.first_wait_s,
        longest_wait_s=policy.longest_wait_s,
        random=random,
    )
    if policy.deadline_s < math.inf:
        stack = Deadline(
            stack,
            base_s=policy.deadline_s,
            per_audio_s=policy.deadline_per_audio_s,
            file_s=policy.deadline_recording_s,
        )
    return Turns(stack) if policy.turns else stack


def offline_stack(
    provider: Transcriber,
    *,
    purse: Purse | None = None,
    reais_per_dollar: float = REAIS_PER_DOLLAR,
    tell: Callable[[str], None] | None = None,
) -> Transcriber:
    """One provider as `compare` and `transcribe` ask it, but for the cache; `tell` hears of its outages."""
    policy = OFFLINE_LOCAL if provider.capabilities.on_this_machine else OFFLINE
    return wrapped(provider, policy, purse=purse, reais_per_dollar=reais_per_dollar, tell=tell)


def live_provider(provider: Transcriber, *, reais_per_dollar: float = REAIS_PER_DOLLAR) -> Transcriber:
    """One provider as a counter asks it."""
    policy = LIVE_LOCAL if provider.capabilities.on_this_machine else LIVE
    return wrapped(provider, policy, reais_per_dollar=reais_per_dollar)


def live_stack(providers: Sequence[Transcriber], *, reais_per_dollar: float = REAIS_PER_DOLLAR) -> Transcriber:
    """Providers as one, in order of preference, each with its own stack, and all of them within `LIVE_TOTAL_S`.

    With the local engine among them there is no end for all: those on the network still have theirs, one by one.
    """
    stack = Failover([live_provider(provider, reais_per_dollar=reais_per_dollar) for provider in providers])
    if any(provider.capabilities.on_this_machine for provider in providers):
        return stack
    return Deadline(stack, base_s=LIVE_TOTAL_S, per_audio_s=LIVE.deadline_per_audio_s)


def breakers_of(stack: Transcriber) -> list[Breaker]:
    """The breakers of a stack, in order of preference of their providers."""
    if isinstance(stack, Failover):
        return [breaker for provider in stack.providers for breaker in breakers_of(provider)]
    if isinstance(stack, Breaker):
        return [stack]
    return breakers_of(stack.inner) if isinstance(stack, Wrapper) else []
