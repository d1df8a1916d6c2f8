"""Errors that would tell a patient the wrong thing, found by rule: in a medicine's name, a dose, a negation.

A name is right where the same medicine of the catalogue was heard in its place, however it is spelt, split or joined:
"neo saldina" and "lozartana" are counted by the word error rate, not here. A name that only resembles one is lost. A
dose is a number with its unit, or the number of "losartana de 50"; it is right where the same one was heard in its
place, "quinhentos miligramas" for "500 mg" included. A negation is right where one was heard in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from balto_cli.evaluation.alignment import align
from balto_cli.evaluation.medicine_items import KINDS, items_of
from balto_cli.evaluation.normalize import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from balto_cli.evaluation.alignment import AlignedWord
    from balto_cli.evaluation.medicine_items import Item, Kind


class MedicineError(NamedTuple):
    """What was said and what was heard in its place; None where there was nothing."""

    kind: Kind
    said: str | None
    heard: str | None


@dataclass(frozen=True, slots=True)
class MedicineErrors:
    """Errors of one pair, or of several as their sum, with the counts that rates come from.

    `…_said` counts what the reference has, `…_heard` what the hypothesis has, `…_right` what both have in the same
    place. `utterances` counts pairs, and `wrong_utterances` those with at least one error.
    """

    errors: tuple[MedicineError, ...] = ()
    terms_said: int = 0
    terms_heard: int = 0
    terms_right: int = 0
    doses_said: int = 0
    doses_heard: int = 0
    doses_right: int = 0
    negations_said: int = 0
    negations_heard: int = 0
    negations_right: int = 0
    utterances: int = 0
    wrong_utterances: int = 0

    @property
    def recall(self) -> float | None:
        """Share of what was said that was heard right; None where nothing that counts was said."""
        return _share(self._right, self.terms_said + self.doses_said + self.negations_said)

    @property
    def precision(self) -> float | None:
        """Share of what was heard that had been said; None where nothing that counts was heard."""
        return _share(self._right, self.terms_heard + self.doses_heard + self.negations_heard)

    @property
    def term_recall(self) -> float | None:
        """Share of the names said that were heard right; None where none was said."""
        return _share(self.terms_right, self.terms_said)

    @property
    def term_precision(self) -> float | None:
        """Share of the names heard that had been said; None where none was heard."""
        return _share(self.terms_right, self.terms_heard)

    @property
    def wrong_share(self) -> float | None:
        """Share of the utterances with at least one error; None of no utterances."""
        return _share(self.wrong_utterances, self.utterances)

    @property
    def _right(self) -> int:
        return self.terms_right + self.doses_right + self.negations_right

    def __add__(self, other: MedicineErrors) -> MedicineErrors:
        return sum_medicine_errors((self, other))


class _Placed(NamedTuple):
    """An item at its columns of the alignment."""

    item: Item
    first: int
    last: int


def medicine_errors(
    reference: str,
    hypothesis: str,
    *,
    normalizer: Callable[[str], str] | None = normalize,
    alignment: Sequence[AlignedWord] | None = None,
) -> MedicineErrors:
    """Judge what was heard against what was said.

    Both are normalised first; with `normalizer=None` they are taken as normalised already. `alignment` is that of their
    words, where it is known.
    """
    if normalizer is not None:
        reference, hypothesis = normalizer(reference), normalizer(hypothesis)
    said_items, heard_items = items_of(reference), items_of(hypothesis)
    if reference == hypothesis or not (said_items or heard_items):
        return _counted((), said_items, heard_items, said_items)
    if alignment is None:
        alignment = align(reference.split(), hypothesis.split())
    said, heard = _placed(said_items, alignment, 1), _placed(heard_items, alignment, 2)
    said, heard = _without_tag_questions(said, alignment), _without_tag_questions(heard, alignment)
    errors: list[tuple[int, MedicineError]] = []
    right: list[Item] = []
    for kind in KINDS:
        lost, invented = [_of_kind(items, kind) for items in (said, heard)]
        right += [one.item for one, _ in _take_pairs(lost, invented, same=True)]
        pairs: list[tuple[_Placed | None, _Placed | None]] = [*_take_pairs(lost, invented, same=False)]
        pairs += [(one, None) for one in lost] + [(None, other) for other in invented]
        errors += [_named(kind, one, other, alignment) for one, other in pairs]
    ordered = tuple(error for _, error in sorted(errors, key=lambda item: item[0]))
    return _counted(ordered, [one.item for one in said], [one.item for one in heard], right)


def corpus_medicine_errors(
    pairs: Iterable[tuple[str, str]], *, normalizer: Callable[[str], str] | None = normalize
) -> MedicineErrors:
    """Judge (reference, hypothesis) pairs as one corpus: `wrong_share` is its headline."""
    return sum_medicine_errors(
        medicine_errors(reference, hypothesis, normalizer=normalizer) for reference, hypothesis in pairs
    )


def sum_medicine_errors(parts: Iterable[MedicineErrors]) -> MedicineErrors:
    """Add up errors and counts; of none, of nothing said and nothing heard."""
    parts = list(parts)
    return MedicineErrors(
        errors=tuple(error for part in parts for error in part.errors),
        terms_said=sum(part.terms_said for part in parts),
        terms_heard=sum(part.terms_heard for part in parts),
        terms_right=sum(part.terms_right for part in parts),
        doses_said=sum(part.doses_said for part in parts),
        doses_heard=sum(part.doses_heard for part in parts),
        doses_right=sum(part.doses_right for part in parts),
        negations_said=sum(part.negations_said for part in parts),
        negations_heard=sum(part.negations_heard for part in parts),
        negations_right=sum(part.negations_right for part in parts),
        utterances=sum(part.utterances for part in parts),
        wrong_utterances=sum(part.wrong_utterances for part in parts),
    )


def _counted(
    errors: tuple[MedicineError, ...], said: Sequence[Item], heard: Sequence[Item], right: Sequence[Item]
) -> MedicineErrors:
    counts = [[sum(item.kind == kind for item in items) for items in (said, heard, right)] for kind in KINDS]
    (terms_said, terms_heard, terms_right), (doses_said, doses_heard, doses_right), negations = counts
    return MedicineErrors(
        errors,
        terms_said=terms_said,
        terms_heard=terms_heard,
        terms_right=terms_right,
        doses_said=doses_said,
        doses_heard=doses_heard,
        doses_right=doses_right,
        negations_said=negations[0],
        negations_heard=negations[1],
        negations_right=negations[2],
        utterances=1,
        wrong_utterances=int(bool(errors)),
    )


def _placed(items: Sequence[Item], alignment: Sequence[AlignedWord], side: Literal[1, 2]) -> list[_Placed]:
    columns = [column for column, entry in enumerate(alignment) if entry[side] is not None]
    return [_Placed(item, columns[item.first], columns[item.last]) for item in items]


def _without_tag_questions(items: list[_Placed], alignment: Sequence[AlignedWord]) -> list[_Placed]:
    """Drop a "não é" that the other side lacks as a whole: it stands for "né", which denies nothing."""
    return [one for one in items if not (one.item.kind == "negação" and _is_tag_question(one.first, alignment))]


def _is_tag_question(column: int, alignment: Sequence[AlignedWord]) -> bool:
    two = tuple(alignment[column : column + 2])
    return two in ((("delete", "não", None), ("delete", "é", None)), (("insert", None, "não"), ("insert", None, "é")))


def _of_kind(items: Iterable[_Placed], kind: Kind) -> list[_Placed]:
    return [one for one in items if one.item.kind == kind]


def _take_pairs(said: list[_Placed], heard: list[_Placed], *, same: bool) -> list[tuple[_Placed, _Placed]]:
    """Take out of both lists the items that stand in one place (and, with `same`, mean the same), as pairs."""
    pairs = []
    for one in list(said):
        other = next(
            (other for other in heard if _touch(one, other) and (not same or _same(one.item, other.item))), None
        )
        if other is not None:
            said.remove(one)
            heard.remove(other)
            pairs.append((one, other))
    return pairs


def _touch(one: _Placed, other: _Placed) -> bool:
    return one.first <= other.last and other.first <= one.last


def _same(one: Item, other: Item) -> bool:
    """Whether two items of a kind mean the same; a strength said without its unit is that of any unit."""
    if one.kind == "dose" and (" " in one.key) != (" " in other.key):
        return one.key.split()[0] == other.key.split()[0]
    return one.key == other.key


def _named(
    kind: Kind, said: _Placed | None, heard: _Placed | None, alignment: Sequence[AlignedWord]
) -> tuple[int, MedicineError]:
    """The error as a pair; where one side has no such item, the words that stand in its place."""
    if said is not None and heard is not None:
        return said.first, MedicineError(kind, said.item.shown, heard.item.shown)
    if said is not None:
        return said.first, MedicineError(kind, said.item.shown, _instead(said, alignment, 2))
    if heard is not None:
        return heard.first, MedicineError(kind, _instead(heard, alignment, 1), heard.item.shown)
    raise AssertionError


def _instead(placed: _Placed, alignment: Sequence[AlignedWord], side: Literal[1, 2]) -> str | None:
    """Words of one side in the columns of an item of the other; a negation shows the word that it denied."""
    last = placed.last + (placed.item.kind == "negação")
    words = [entry[side] for entry in alignment[placed.first : last + 1]]
    return " ".join(word for word in words if word is not None) or None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
