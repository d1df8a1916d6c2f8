"""What must never be offered to this customer. Nothing goes out without passing here, whoever chose it.

A product passes only if the catalogue knows it, the law leaves it free of prescription, and nothing that was said
(allergy, pregnancy, age, disease, medicine in use) or not denied for a child forbids it. What is not verified restricts
as much as what is. No ingredient and no therapeutic class is offered that was spoken of, or twice among the items.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from balto_cli.suggestions.catalogue import FORBIDDEN_STATUS
from balto_cli.suggestions.phrases import phrase
from balto_cli.terms import load_terms
from balto_cli.terms.spelling import fold, spellings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from balto_cli.suggestions.catalogue import Catalogue, Caution, Product
    from balto_cli.suggestions.decision import Item
    from balto_cli.suggestions.facts import Facts
    from balto_cli.suggestions.mentions import Mention

MAX_ITEMS = 3
DUPLICATES = frozenset(
    """
    aine salicilato paracetamol pirazolona antitermico descongestionante anti_histaminico anti_histaminico_sedativo
    sedativo
    laxante antidiarreico antiacido inibidor_bomba antissecretor_h2 antiespasmodico potassio corticoide antitussigeno
    expectorante antifungico_topico anestesico_local lubrificante_ocular probiotico hipnotico_herbal canfora_mentol
    piolhicida cafeina serotoninergico nicotina verme antivaricoso antiflatulento sais_reidratacao emoliente_assadura
    iodo
    sodio_alto enjoo boca
    """.split()  # noqa: SIM905
)
"""Groups of which one member is enough."""
_AGAINST_PAIN = frozenset({"antitermico", "aine", "salicilato", "pirazolona", "paracetamol"})
"""Of these together one member is enough, swallowed or on the skin."""
_CONDITION_GROUPS = {
    "hipertensao": ("descongestionante", "sodio_alto", "cafeina", "aine"),
    "dirigir": ("sedativo", "anti_histaminico_sedativo"),
    "idoso": ("sedativo", "anti_histaminico_sedativo", "aine"),
    "ulcera_gastrica": ("aine", "salicilato"),
    "insuficiencia_renal": ("aine", "antiacido", "potassio", "laxante", "sais_reidratacao"),
    "doenca_cardiaca": ("aine", "descongestionante", "cafeina", "sodio_alto"),
    "insuficiencia_hepatica": ("aine", "paracetamol", "pirazolona"),
    "asma": ("aine", "salicilato", "antitussigeno"),
    "diabetes": ("sais_reidratacao", "mel_propolis", "descongestionante"),
    "glaucoma": ("anti_histaminico_sedativo", "antiespasmodico", "descongestionante"),
    "prostata": ("anti_histaminico_sedativo", "antiespasmodico", "descongestionante"),
    "anticoagulante": ("aine", "salicilato", "hipnotico_herbal"),
    "gota": ("aine", "salicilato"),
    "alcool": ("sedativo", "anti_histaminico_sedativo", "aine", "paracetamol"),
    "tireoide": ("iodo", "descongestionante"),
    "sedativo": ("sedativo", "anti_histaminico_sedativo"),
    "isrs": ("serotoninergico", "aine"),
    "imao": ("serotoninergico", "descongestionante"),
    "suspeita_dengue": ("aine", "salicilato"),
    "ieca_bra": ("potassio", "aine"),
}
"""Groups closed by a condition even where the catalogue has no row for each member."""
_REQUESTS_TO_REFER = {
    "insuficiencia_renal": ("aine",),
    "doenca_cardiaca": ("aine", "descongestionante", "disfuncao_eretil"),
    "nitrato": ("disfuncao_eretil",),
    "ulcera_gastrica": ("aine",),
    "anticoagulante": ("aine",),
    "hipertensao": ("aine", "descongestionante"),
    "asma_por_aine": ("aine",),
    "glaucoma": ("descongestionante", "anti_histaminico_sedativo", "antiespasmodico"),
    "prostata": ("descongestionante", "anti_histaminico_sedativo", "antiespasmodico"),
    "alcool": ("paracetamol", "sedativo"),
    "isrs": ("serotoninergico",),
    "gota": ("aine", "salicilato"),
    "litio": ("aine",),
    "metotrexato": ("aine",),
}
"""Groups, taken by mouth, that are the pharmacist's where the condition holds, whatever their own cautions say."""
_FOR_CHILDREN = frozenset({"ibuprofeno"})
"""Anti-inflammatories that children are given."""
IMPLIED = {
    "anti_hipertensivo": ("hipertensao",),
    "diuretico": ("hipertensao",),
    "antidiabetico": ("diabetes",),
    "levotiroxina": ("tireoide",),
    "respiratorio": ("asma", "asma_por_aine"),
    "cardiaco": ("doenca_cardiaca", "arritmia"),
    "nitrato": ("doenca_cardiaca",),
    "antiplaquetario": ("doenca_cardiaca", "anticoagulante"),
    "isrs": ("imao",),
    "corticoide_sistemico": ("corticoide",),
}
"""Conditions that a medicine in use tells of."""
RESPIRATORY = frozenset(
    {
        "gripe",
        "tosse_seca",
        "tosse_catarro",
        "dor_garganta",
        "nariz_entupido",
        "rinite",
        "dor_ouvido",
        "dor_dente",
        "rouquidao",
    }
)
"""Complaints that give a fever a cause."""
_AGE = re.compile(r"<(\d+) (anos?|meses|mes)")
_DAYS = re.compile(r">(\d+) dias")
_LONGEST_NAME = 4
"""Words of the longest medicine name that is looked for."""
_DIGITS = re.compile(r"\d")
_NUMBER_WORDS = phrase("safety.number_words")
_PROMISES = phrase("safety.promises")


@dataclass(frozen=True, slots=True)
class Patient:
    """The facts as safety needs them, worked out once a decision."""

    facts: Facts
    spoken: frozenset[str]
    """Ingredients that were named, in whatever part."""
    closed: frozenset[str]
    """Groups of which nothing more is offered."""
    states: frozenset[str]
    """Conditions said or implied, and groups of medicines in use."""
    takes_something: bool


def patient_of(facts: Facts, catalogue: Catalogue) -> Patient:
    """Work out what is closed for this customer."""
    near = [m for m in facts.mentions if m.role != "alheio"]
    spoken = frozenset(key for mention in facts.mentions for key in mention.ingredients)
    near_groups = catalogue.classes_of(key for mention in near for key in mention.ingredients)
    used = [m for m in near if m.role == "uso" or (m.role in ("pedido", "preco") and m.category in FORBIDDEN_STATUS)]
    in_use = catalogue.classes_of(key for mention in used for key in mention.ingredients)
    states = set(facts.conditions) | set(in_use)
    for group in in_use:
        states.update(IMPLIED.get(group, ()))
    if "acido acetilsalicilico" in {key for mention in used for key in mention.ingredients}:
        states.add("aas_cardio")
    if "febre" in facts.needs or (facts.temperature or 0) >= 37.5:
        states.update(("suspeita_dengue", "crianca_febre"))
    if {"diarreia", "vomito"} & set(facts.needs):
        states.add("desidratacao")
    closed = {group for group in near_groups if group in DUPLICATES}
    for state in states:
        closed.update(_CONDITION_GROUPS.get(state, ()))
    return Patient(facts, spoken, frozenset(closed), frozenset(states), bool(used))


def refusal(product: Product, patient: Patient, catalogue: Catalogue, beside: Iterable[Product] = ()) -> str | None:
    """Why a product must not be offered to this customer beside others, as a token; None if it may."""
    facts = patient.facts
    if catalogue.by_id.get(product.id) is not product:
        return "fora_do_catalogo"
    if product.status not in ("isento", "livre") or forbidden_ingredients() & set(product.ingredients):
        return "exige_receita"
    if "nbcal" in product.classes:
        return "nbcal"
    if product.is_medicine and (facts.pregnant or facts.lactating):
        return "gestacao_ou_amamentacao"
    if reason := _age_refusal(product, facts):
        return reason
    if product.is_medicine and "*" in facts.allergies:
        return "alergia_sem_nome"
    if facts.allergies & ({*product.ingredients} | product.classes):
        return "alergia"
    if patient.spoken & set(product.ingredients):
        return "principio_ja_citado"
    if patient.closed & product.classes:
        return "classe_fechada"
    for other in beside:
        if (
            set(other.ingredients) & set(product.ingredients)
            or other.classes & product.classes & DUPLICATES
            or (other.classes & _AGAINST_PAIN and product.classes & _AGAINST_PAIN)
        ):
            return "classe_repetida"
    rows = catalogue.cautions_of(product.ingredients, product.classes)
    for row in rows:
        if _meets(row, product, patient):
            return f"cautela:{row.id}"
    if product.is_medicine and not catalogue.is_known(product) and (patient.states or patient.takes_something):
        return "cautelas_desconhecidas"
    return None


def _age_refusal(product: Product, facts: Facts) -> str | None:
    if facts.age_months is not None:
        return "idade" if facts.age_months < product.min_age_months else None
    if facts.baby:
        return "idade" if product.min_age_months > 0 else None
    if facts.child:
        if product.is_medicine:
            return "crianca_sem_idade"
        return "idade" if product.min_age_months > 24 else None
    return None


def _meets(row: Caution, product: Product, patient: Patient) -> bool:
    facts = patient.facts
    if product.topical and row.route == "oral":
        return False
    if row.kind == "alergia":
        return row.target in facts.allergies
    if row.kind == "gestacao":
        return facts.pregnant is True
    if row.kind == "lactacao":
        return facts.lactating is True
    if row.kind == "idade":
        limit = age_limit_months(row.target)
        if facts.age_months is not None and limit is not None:
            return facts.age_months < limit and limit > product.min_age_months
        return row.target in ("crianca", "bebe", "crianca com diarreia") and facts.is_minor
    if row.kind == "duracao":
        match = _DAYS.search(row.target)
        return bool(match and facts.days is not None and facts.days > int(match.group(1)))
    if row.kind in ("condicao", "interacao"):
        targets = set(row.target.split(";"))
        return bool(targets & patient.states) or ("qualquer_oral" in targets and patient.takes_something)
    return row.kind == "regra" and row.action != "cautela" and not (product.topical and row.route in ("oral", "bucal"))


def age_limit_months(target: str) -> int | None:
    """The age of a caution, in months: "<2 anos" is 24."""
    match = _AGE.search(target)
    if not match:
        return None
    return int(match.group(1)) * (1 if match.group(2).startswith("m") else 12)


def forbids_request(mention: Mention, patient: Patient, catalogue: Catalogue) -> Caution | None:
    """The caution that a medicine which somebody asks for meets, if any: then the pharmacist decides.

    Of several least ages, one a form, the lowest counts, since the form was not told.
    """
    facts = patient.facts
    used = [m for m in facts.mentions if m.role == "uso" and m.name != mention.name]
    own_groups = catalogue.classes_of(mention.ingredients)
    others = {g for m in used for g in catalogue.classes_of(m.ingredients)} | set(facts.conditions)
    for group in list(others):
        others.update(IMPLIED.get(group, ()))
    if any("acido acetilsalicilico" in m.ingredients for m in used):
        others.add("aas_cardio")
    if any("paracetamol" in m.ingredients for m in used):
        others.add("paracetamol_em_dobro")
    fever = "febre" in facts.needs and not RESPIRATORY & set(facts.needs)
    if fever and not (facts.is_minor and "acido acetilsalicilico" not in mention.ingredients):
        others.add("suspeita_dengue")
    if "febre" in facts.needs and facts.is_minor:
        others.add("crianca_febre")
    ages: list[tuple[int, Caution]] = []
    for row in catalogue.cautions_of(mention.ingredients, own_groups):
        if not row.forbids:
            continue
        if row.kind == "idade" and facts.age_months is not None:
            limit = age_limit_months(row.target)
            if limit is not None:
                ages.append((limit, row))
        elif (
            (row.kind == "alergia" and row.target in facts.allergies)
            or (row.kind == "gestacao" and facts.pregnant)
            or (row.kind == "lactacao" and facts.lactating)
            or (row.kind in ("condicao", "interacao") and set(row.target.split(";")) & others)
        ):
            return row
    if ages and facts.age_months is not None:
        limit, row = min(ages, key=lambda pair: pair[0])
        if facts.age_months < limit:
            return row
    return None


def closed_request(mention: Mention, patient: Patient, catalogue: Catalogue) -> str | None:
    """The condition that closes the whole group of a medicine which somebody asks for, if any."""
    groups = set(catalogue.classes_of(mention.ingredients))
    if "antitermico" not in groups:
        groups.discard("aine")
    if "isometepteno" in mention.ingredients:
        groups.discard("descongestionante")
    swallowed = "antitermico" in groups or mention.category in FORBIDDEN_STATUS
    if patient.facts.is_minor and swallowed and set(mention.ingredients) & (catalogue.groups["aine"] - _FOR_CHILDREN):
        return "crianca"
    return closed_class(groups, patient)


def closed_class(groups: Iterable[str], patient: Patient) -> str | None:
    """The condition that closes one of the groups which somebody asks for without a name, if any."""
    asked = set(groups)
    return next((s for s, closed in _REQUESTS_TO_REFER.items() if s in patient.states and asked & set(closed)), None)


def admit(products: Sequence[Product], patient: Patient, catalogue: Catalogue) -> tuple[Product, ...]:
    """The products that may be offered together, in their order, at most three."""
    chosen: list[Product] = []
    for product in products:
        if len(chosen) == MAX_ITEMS:
            break
        if refusal(product, patient, catalogue, chosen) is None:
            chosen.append(product)
    return tuple(chosen)


def words_are_safe(text: str, items: Sequence[Item], catalogue: Catalogue) -> bool:
    """Whether words may be sent: no medicine outside the items, no digits, dose, duration or promise of cure."""
    names = tuple(item.name for item in items)
    ingredients = frozenset(key for item in items for key in item.ingredients)
    return _scan(text, names, ingredients, catalogue.medicine_names)


@lru_cache(maxsize=2048)
def _scan(text: str, names: tuple[str, ...], ingredients: frozenset[str], medicines: frozenset[str]) -> bool:
    for name in names:
        text = text.replace(name, " ")
    folded = " ".join(spellings_of(text))
    if _DIGITS.search(text) or _NUMBER_WORDS.search(folded) or _PROMISES.search(folded):
        return False
    allowed = {" ".join(spellings_of(key)) for key in ingredients}
    words = folded.split()
    for size in range(1, _LONGEST_NAME + 1):
        for start in range(len(words) - size + 1):
            name = " ".join(words[start : start + size])
            if name in medicines and name not in allowed:
                return False
    return True


@lru_cache(maxsize=1)
def forbidden_ingredients() -> frozenset[str]:
    """Ingredients that are sold under prescription, antimicrobial or controlled, by the recognition catalogue."""
    return frozenset(
        key
        for term in load_terms()
        if term.kind == "principio" and term.category in FORBIDDEN_STATUS
        for key in (term.ingredients or (fold(term.name),))
    )
