"""All rules, in the order in which they apply.

What is said in one word comes before what is told from its neighbours: spellings, then numbers, then what numbers make
up (quantities, hours, dates, money), then how a number ends.
"""

from __future__ import annotations

from balto_cli.evaluation.normalize import characters, clock, fractions, money, numbers, quantities, spoken
from balto_cli.evaluation.normalize.rule import Rule, TextRule, WordRule

TEXT_RULES: tuple[TextRule, ...] = (
    characters.SIGNS,
    characters.UNICODE,
    characters.LOWER,
    spoken.OLD_SPELLING_RULE,
    characters.ABBREVIATIONS,
    characters.NUMBERS,
    characters.PUNCTUATION,
)
SPELLING_RULES: tuple[WordRule, ...] = (
    spoken.REDUCTION_RULE,
    spoken.NUM_RULE,
    spoken.SPELLING_RULE,
    spoken.ABBREVIATION_RULE,
    quantities.UNIT_RULE,
    numbers.CARDINAL_RULE,
)
"""Told from the words as they were said; what they make gives none of them more to do."""

NEIGHBOUR_RULES: tuple[WordRule, ...] = (
    numbers.SCALE_RULE,
    numbers.COMMA_RULE,
    numbers.SIX_RULE,
    numbers.DIGIT_RULE,
    numbers.PHONE_RULE,
    fractions.SPOKEN_PART_RULE,
    numbers.ORDINAL_RULE,
    quantities.BAR_RULE,
    quantities.INTERVAL_RULE,
    spoken.AFTER_NUMBER_RULE,
    clock.NOON_RULE,
    clock.CLOCK_RULE,
    clock.HOUR_RULE,
    fractions.HALF_RULE,
    fractions.DOZEN_RULE,
    fractions.WRITTEN_PART_RULE,
    quantities.PRESSURE_RULE,
    clock.WRITTEN_DATE_RULE,
    clock.SPOKEN_DATE_RULE,
    clock.YEAR_RULE,
    quantities.DEGREE_RULE,
    quantities.MIXED_RULE,
    money.FOREIGN_RULE,
    money.MONEY_RULE,
    money.PRICE_RULE,
    fractions.DECIMAL_RULE,
    fractions.SINGULAR_RULE,
    spoken.PREFIX_RULE,
)
"""Told from neighbours that other rules may have changed."""

TAGS = Rule(
    "marcas",
    "Somem marcas de som e de motor entre colchetes, parênteses, asteriscos ou < >, com a lista abaixo; "
    "outras palavras entre parênteses ficam.",
    ("tem [risos] sim (500 mg) <unk>", "tem sim 500 mg"),
)
RULES: tuple[Rule, ...] = (TAGS, *TEXT_RULES, *SPELLING_RULES, *NEIGHBOUR_RULES)
