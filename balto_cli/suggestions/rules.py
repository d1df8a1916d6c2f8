"""The rules: from the facts of a conversation to an answer or to candidates, each by a name and with its words.

Order: alarm signs; what only a pharmacist may answer; orders spoken to the system; prescriptions; what was asked for or
complained of. Where no rule speaks, silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.suggestions.catalogue import FORBIDDEN_STATUS
from balto_cli.suggestions.decision import Suggestion, refer, silence
from balto_cli.suggestions.safety import admit, closed_class, closed_request, forbids_request, patient_of, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from balto_cli.suggestions.catalogue import Catalogue, Product
    from balto_cli.suggestions.facts import Facts
    from balto_cli.suggestions.lexicon import Complement, Lexicon, Need
    from balto_cli.suggestions.mentions import Mention
    from balto_cli.suggestions.safety import Patient

RULES_VERSION = "4"
"""Raised by hand when the rules in code change; the tables have their own."""
MAX_CANDIDATES = 8
_SUPPRESSED = {
    "tosse_catarro": ("tosse_seca",),
    "enjoo_viagem": ("enjoo", "vomito"),
    "vomito": ("enjoo",),
    "diarreia": ("colica_barriga", "ma_digestao", "vomito", "enjoo", "dor_muscular"),
    "ressaca": ("ma_digestao", "enjoo", "hidratacao_calor", "dor_cabeca"),
    "picada": ("repelente", "alergia_pele"),
    "repelente": ("insonia",),
    "micose": ("alergia_pele", "pele_seca", "cabelo_unha", "rinite"),
    "candidiase": ("alergia_pele", "rinite"),
    "piolho": ("alergia_pele", "caspa"),
    "caspa": ("alergia_pele", "pele_seca"),
    "hemorroida": ("alergia_pele", "ferimento"),
    "assadura": ("fralda", "alergia_pele", "pele_seca", "micose", "bebe_higiene"),
    "fralda": ("bebe_higiene", "ouvido_cera"),
    "denticao": ("gengiva", "bebe_higiene"),
    "joelheira": ("joelho", "punho", "tornozelo", "dor_muscular"),
    "joelho": ("dor_muscular", "contusao"),
    "tornozelo": ("dor_muscular", "contusao", "pe_dor"),
    "punho": ("dor_muscular", "contusao"),
    "contusao": ("dor_muscular",),
    "ferimento": ("contusao",),
    "pe_dor": ("dor_muscular",),
    "colica_menstrual": ("colica_barriga", "absorvente", "dor_muscular"),
    "queimadura_sol": ("pele_seca", "protecao_sol", "alergia_pele", "queimadura_leve"),
    "queimadura_leve": ("ferimento", "rinite"),
    "atrito": ("assadura", "micose", "alergia_pele"),
    "memoria": ("insonia", "cansaco"),
    "bolha_pe": ("ferimento", "pe_dor"),
    "calo": ("bolha_pe", "pe_dor", "ferimento"),
    "herpes_labial": ("afta",),
    "afta": ("ferimento", "higiene_bucal", "herpes_labial", "dor_muscular"),
    "dente_sensivel": ("dor_dente", "higiene_bucal"),
    "gengiva": ("higiene_bucal",),
    "gripe": ("febre", "nariz_entupido", "dor_muscular", "rinite", "dor_cabeca", "cansaco"),
    "rinite": ("olho_irritado", "nariz_entupido", "alergia_pele"),
    "tosse_seca": ("rouquidao",),
    "nariz_seco": ("nariz_entupido", "ar_seco"),
    "dor_garganta": ("rouquidao",),
    "rouquidao": (),
    "olho_seco": ("olho_irritado", "ar_seco", "queimadura_sol", "pele_seca"),
    "olho_irritado": ("queimadura_sol",),
    "ouvido_agua": ("dor_ouvido", "ouvido_cera", "queimadura_sol"),
    "ouvido_cera": ("dor_ouvido",),
    "insonia": ("ansiedade", "cansaco"),
    "dor_cabeca": ("cansaco", "olho_seco"),
    "azia": ("ma_digestao", "dor_garganta", "diarreia"),
    "gases": ("ma_digestao", "colica_barriga"),
    "prisao_ventre": ("gases", "colica_barriga", "pele_seca"),
    "ansiedade": ("cansaco",),
    "varizes": ("dor_muscular", "cansaco"),
    "kit_viagem": ("repelente",),
    "inalacao": ("hidratacao_calor", "lavagem_nasal"),
    "lavagem_nasal": ("hidratacao_calor",),
    "incontinencia": ("absorvente", "tosse_seca", "fralda"),
    "ressecamento_intimo": ("menopausa", "colica_menstrual", "absorvente", "colica_barriga"),
    "labio_seco": ("pele_seca",),
    "atraso_menstrual": ("absorvente", "colica_menstrual"),
    "flora": (),
    "febre": ("cansaco", "dor_muscular", "dor_cabeca"),
    "hidratacao_calor": ("cansaco",),
    "pressao": ("dor_cabeca",),
    "academia": ("cansaco", "vitaminas"),
    "imunidade": ("gripe", "vitaminas"),
}
"""Needs that say the same more vaguely than the first one."""
_NOT_WITH_FEVER = frozenset(
    """
    dor_ouvido dor_dente gengiva colica_barriga diarreia vomito ferimento contusao joelho tornozelo punho pe_dor picada
    olho_irritado mancha alergia_pele queimadura_leve bolha_pe calo tatuagem hemorroida
    """.split()  # noqa: SIM905
)
"""Complaints that are simple without a fever."""
_KEEPS_AWAKE = frozenset(
    """
    dor_cabeca dor_dente dor_ouvido dor_muscular joelho colica_menstrual gripe nariz_entupido tosse_catarro tosse_seca
    rinite alergia_pele picada dor_garganta azia gases colica_barriga diarreia caimbra hemorroida candidiase calo
    menopausa
    """.split()  # noqa: SIM905
)
"""Complaints that explain a bad night: they are answered, not the sleep."""
_ANY_CRAMP = ("colica", "colicas")
_OF_THE_BELLY = frozenset({"gases", "diarreia", "colica_barriga", "prisao_ventre"})
"""Complaints beside which a cramp is one of the bowels unless it was called another."""
_COLD_REMEDY = frozenset(
    """
    clorfeniramina dexclorfeniramina carbinoxamina bronfeniramina feniramina triprolidina fenilefrina pseudoefedrina
    """.split()  # noqa: SIM905
)
"""Beside an analgesic they make a remedy for colds of it."""


_DISEASES = frozenset(
    """
    hipertensao diabetes asma ulcera_gastrica insuficiencia_renal insuficiencia_hepatica doenca_hepatica_grave glaucoma
    prostata retencao_urinaria tireoide doenca_cardiaca insuficiencia_cardiaca infarto_recente arritmia epilepsia g6pd
    gota miastenia porfiria imunossuprimido cancer_hormonal doenca_hematologica anticoagulante colite
    """.split()  # noqa: SIM905
)
"""Conditions with which a question of a named medicine is the pharmacist's, whether or not a caution is written."""
_NO_DISEASE = frozenset({"dirigir", "idoso", "lente_de_contato"})


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the rules would suggest, and what else they would allow: products in order, one category, one reason."""

    rule: str
    category: str
    reason: str
    evidence: str
    products: tuple[Product, ...]
    """All that may be offered, the best first; not yet checked against one another."""


def decide(facts: Facts, catalogue: Catalogue, lexicon: Lexicon) -> Suggestion | Candidates:
    """The rules' answer: a referral, silence, or candidates for a suggestion."""
    patient = patient_of(facts, catalogue)
    if alarm := _alarm(facts):
        return alarm
    near = [m for m in facts.mentions if m.role != "alheio"]
    needs = _needs(facts, lexicon)
    asked = [m for m in near if m.role == "pedido"]
    if ordered := _ordered(facts):
        return ordered
    if referral := _pharmacist(facts, patient, catalogue, needs, asked):
        return referral
    if facts.pet and not needs:
        return silence("animal", "fala de um animal: nada a sugerir")
    prescription = _prescriptions(facts, near, asked)
    if isinstance(prescription, Suggestion):
        return prescription
    if facts.closed:
        return silence("so_isso", "o cliente encerrou o pedido")
    found = _candidates(facts, patient, catalogue, lexicon, needs, asked, prescription)
    if found is None and _suffers_under_limits(facts, patient, needs):
        return refer("nada_serve", "nenhum produto serve com o que foi dito: chamar o farmacêutico")
    if found is not None and (worry := unread(facts)):
        return worry
    return found or silence("sem_necessidade", "nenhuma queixa nem pedido que peça um complemento")


def unread(facts: Facts) -> Suggestion | None:
    """A referral where, beside something to offer, words of a body's state stand that the complaints do not explain.

    A missed danger does harm by the suggestion that goes out beside it, and no list of dangers is complete. So what is
    told is also looked through for words that a simple complaint has no use for (`preocupacoes.csv`: a colour, a fall,
    "de repente", what somebody cannot do, weeks, the chest); where they are ordinary in one of the complaints, or a
    doctor's prescription is there, they count for nothing. docs/sugestoes.md tells what this costs and catches.
    """
    if facts.prescription or facts.prescribed:
        return None
    if facts.asks_leave and (name := _asked_under_limits(facts)):
        return refer(
            "pergunta_com_doenca",
            "pergunta se pode tomar um medicamento com a doença ou o remédio que tem: chamar o farmacêutico",
            evidence=name,
        )
    if "febre" in facts.needs and (beside := _NOT_WITH_FEVER & facts.needs.keys()):
        return refer(
            "febre_com_queixa",
            "febre ao lado de uma queixa que não é de gripe: chamar o farmacêutico",
            evidence=facts.needs[min(beside)],
        )
    left = [
        (worry, words)
        for worry, words in facts.worries
        if not (worry.common_in & facts.needs.keys() or (worry.unless_mild and facts.mild))
    ]
    if not left:
        return None
    worry, words = left[0]
    return refer(
        f"preocupacao:{worry.id}",
        f"{worry.reason} ao lado da queixa: perguntar e chamar o farmacêutico antes de oferecer",
        evidence=words,
    )


def _asked_under_limits(facts: Facts) -> str | None:
    """The medicine of which somebody with a disease, or who takes another on prescription, asks whether it may be."""
    limited = facts.conditions & _DISEASES or any(
        mention.role == "uso" and mention.category in FORBIDDEN_STATUS for mention in facts.mentions
    )
    wanted = (mention.name for mention in facts.mentions if mention.role in ("pedido", "citado"))
    return next(wanted, None) if limited else None


def _suffers_under_limits(facts: Facts, patient: Patient, needs: Sequence[Need]) -> bool:
    """Whether a complaint is left without a product by an allergy, a disease or a medicine in use."""
    limited = bool(facts.allergies or facts.conditions - _NO_DISEASE or patient.takes_something)
    return limited and any(need.symptom for need in needs)


def _alarm(facts: Facts) -> Suggestion | None:
    baby_fever = facts.under_two and "febre" in facts.needs
    if baby_fever:
        return refer(
            "bebe_com_febre", "febre em bebê: avaliação imediata", immediate=True, evidence=facts.needs["febre"]
        )
    pregnant = facts.pregnant is True
    signs = [
        (sign, words) for sign, words in facts.signs.values() if not sign.who or (sign.who == "gestante" and pregnant)
    ]
    if not signs:
        return None
    sign, words = min(signs, key=lambda pair: (not pair[0].immediate, pair[0].id))
    return refer(f"sinal:{sign.id}", sign.reason, immediate=sign.immediate, evidence=words)


def _ordered(facts: Facts) -> Suggestion | None:
    """An order spoken to the system is no order; a controlled medicine named in one is the pharmacist's."""
    if not facts.ordered:
        return None
    if any(m.ordered and m.category in ("controlado", "antimicrobiano") for m in facts.mentions):
        return refer(
            "ordem_com_controlado", "pedido de medicamento controlado ou antimicrobiano: chamar o farmacêutico"
        )
    return None


def _pharmacist(
    facts: Facts, patient: Patient, catalogue: Catalogue, needs: Sequence[Need], asked: Sequence[Mention]
) -> Suggestion | None:
    complaints = [need for need in needs if need.symptom]
    medicines = [m for m in asked if m.ingredients]
    named = [m for m in facts.mentions if m.role in ("pedido", "citado") and m.ingredients]
    words = facts.needs[needs[0].id] if needs else ""
    wanted = bool(complaints or named or facts.spoken_groups or facts.asks_leave)
    if facts.pregnant and (wanted or facts.conditions - _NO_DISEASE):
        return refer("gestante", "gestante com queixa ou pedido de medicamento: chamar o farmacêutico", evidence=words)
    if facts.lactating and wanted:
        return refer(
            "lactante", "quem amamenta com queixa ou pedido de medicamento: chamar o farmacêutico", evidence=words
        )
    if facts.under_two and (
        any(not need.under_two for need in complaints)
        or any(
            m.category not in ("correlato", "cosmetico", "higiene") and not _harmless_for_babies(m) for m in medicines
        )
    ):
        return refer(
            "menor_de_dois_anos",
            "sintoma ou medicamento em menor de dois anos: chamar o farmacêutico",
            evidence=words,
        )
    if (
        "febre" in facts.needs
        and facts.temperature is not None
        and facts.temperature >= (39.0 if facts.is_minor else 39.5)
    ):
        return refer("febre_alta", "febre alta pede avaliação do farmacêutico", evidence=facts.needs["febre"])
    if {"insonia", "ansiedade"} & {need.id for need in complaints} and any(
        m.role == "uso" and m.category == "controlado" for m in facts.mentions
    ):
        return refer("sono_com_controlado", "sono ou ansiedade em quem toma controlado: chamar o farmacêutico")
    if facts.is_minor and "dor_ouvido" in facts.needs:
        return refer(
            "ouvido_de_crianca",
            "dor de ouvido em criança pede avaliação do farmacêutico",
            evidence=facts.needs["dor_ouvido"],
        )
    if facts.days is not None:
        for need in complaints:
            if need.max_days is not None and facts.days > need.max_days:
                return refer(
                    f"duracao:{need.id}",
                    "sintoma que dura mais que o esperado: chamar o farmacêutico",
                    evidence=facts.needs[need.id],
                )
    for mention in facts.mentions:
        if mention.role in ("pedido", "citado") and facts.allergies & set(mention.ingredients):
            return refer(
                "alergia_ao_pedido",
                "medicamento pedido e alergia declarada: chamar o farmacêutico",
                evidence=mention.name,
            )
    if state := closed_class(facts.asked_classes, patient):
        return refer(
            f"cautela:{state}", "grupo de medicamento pedido que uma condição contraindica: chamar o farmacêutico"
        )
    for mention in asked:
        if mention.category in FORBIDDEN_STATUS and (facts.prescription or facts.prescribed):
            continue
        row = forbids_request(mention, patient, catalogue)
        state = closed_request(mention, patient, catalogue)
        if row is not None or state is not None:
            return refer(
                f"cautela:{row.id if row else state}",
                "medicamento pedido que outra condição ou medicamento contraindica: chamar o farmacêutico",
                evidence=mention.name,
            )
    return None


def _harmless_for_babies(mention: Mention) -> bool:
    return set(mention.ingredients) <= {
        "cloreto de sodio",
        "oxido de zinco",
        "dexpantenol",
        "simeticona",
        "retinol",
        "palmitato de retinol",
        "colecalciferol",
    }


def _prescriptions(facts: Facts, near: Sequence[Mention], asked: Sequence[Mention]) -> Suggestion | tuple[Mention, ...]:
    """A referral or silence for what needs a prescription; otherwise the medicines that have one."""
    kept = [m for m in near if m.role in ("pedido", "citado") and m.category in ("antimicrobiano", "controlado")]
    kept_groups = facts.spoken_groups - {"tarja_vermelha"}
    red = [
        m
        for m in near
        if m.category == "tarja_vermelha"
        and (m.role == "pedido" or (m.role == "citado" and facts.prescription is False))
    ]
    valid = facts.prescription is True or (facts.prescribed and facts.prescription is not False)
    if (kept or kept_groups) and not valid:
        name = kept[0].name if kept else ""
        return refer(
            "retencao_sem_receita",
            "antimicrobiano ou controlado sem receita válida: chamar o farmacêutico",
            evidence=name,
        )
    home = [m for m in near if m.role in ("uso", "citado") and m.category in FORBIDDEN_STATUS]
    own = [m for m in home if m.role == "uso"]
    if own and facts.prescription is False:
        return refer(
            "uso_sem_receita",
            "medicamento sob prescrição sem receita válida: chamar o farmacêutico",
            evidence=own[0].name,
        )
    if facts.prescription is False and not facts.mentions and not facts.needs:
        return refer("pedido_sem_receita", "pedido sem receita de algo que não se entendeu: chamar o farmacêutico")
    if (red or "tarja_vermelha" in facts.spoken_groups) and not valid:
        if facts.prescription is False:
            return refer(
                "tarja_vermelha_sem_receita",
                "medicamento de tarja vermelha sem receita: chamar o farmacêutico",
                evidence=red[0].name if red else "",
            )
        return silence("tarja_vermelha", "medicamento de tarja vermelha e nada foi dito da receita")
    if any(m.category == "controlado" for m in kept) and not any(m.category != "controlado" for m in kept) and not red:
        return silence("controlado_com_receita", "medicamento controlado com receita: nada a acrescentar")
    if kept_groups and not kept and "antimicrobiano" not in kept_groups:
        return silence("controlado_com_receita", "medicamento controlado com receita: nada a acrescentar")
    return (*kept, *red, *(m for m in home if valid and m not in kept and m not in red))


def _needs(facts: Facts, lexicon: Lexicon) -> list[Need]:
    """The needs that are left when vaguer ones of the same complaint are gone, complaints first, as told."""
    present = set(facts.needs)
    if facts.needs.get("colica_menstrual") in _ANY_CRAMP and present & _OF_THE_BELLY:
        present.discard("colica_menstrual")
    gone = {vague for need in present for vague in _SUPPRESSED.get(need, ())}
    rank = {name: index for index, name in enumerate(facts.needs)}
    if "picad" in facts.needs.get("insonia", ""):
        gone.add("picada")
        present.discard("picada")
    if present & _KEEPS_AWAKE:
        gone.add("insonia")
    left = [need for need in lexicon.needs if need.id in present - gone]
    return sorted(left, key=lambda need: (not need.symptom, rank[need.id]))


def _candidates(
    facts: Facts,
    patient: Patient,
    catalogue: Catalogue,
    lexicon: Lexicon,
    needs: Sequence[Need],
    asked: Sequence[Mention],
    prescribed: tuple[Mention, ...],
) -> Candidates | None:
    sources: list[Candidates] = []
    for mention in prescribed:
        sources += _complements(mention, catalogue, lexicon, prescribed=True)
    if not prescribed and "antimicrobiano" in facts.spoken_groups:
        sources += _by_group("antimicrobiano", catalogue, lexicon, prescribed=True)
    for need in needs:
        products = catalogue.by_need.get(need.id, ())
        sources.append(
            Candidates(
                f"necessidade:{need.id}", need.category, _NEED_REASON[need.symptom], facts.needs[need.id], products
            )
        )
    # With a prescription in hand what was named is what it is for.
    roles = ("citado",) if prescribed else ("citado", "uso")
    wanted = [m for m in facts.mentions if m.role in roles] if facts.prescription else []
    plain = [m for m in (*asked, *wanted) if m.category not in FORBIDDEN_STATUS]
    if facts.prescription or facts.prescribed:
        sources = [c for m in plain for c in _complements(m, catalogue, lexicon, prescribed=True)] + sources
    complements = [c for m in plain for c in _complements(m, catalogue, lexicon, prescribed=False)]
    # Who asks for a flu remedy has the flu, whatever single symptom is told beside it.
    flu = any(c.rule == "complemento:antigripal" for c in complements)
    sources = [*complements, *sources] if flu else [*sources, *complements]
    for source in sources:
        allowed = tuple(p for p in source.products if refusal(p, patient, catalogue) is None)[:MAX_CANDIDATES]
        if admit(allowed, patient, catalogue):
            return Candidates(source.rule, source.category, source.reason, source.evidence, allowed)
    return None


_NEED_REASON = {True: "queixa simples sem sinal de alarme", False: "produto pedido que combina com outro"}


def _complements(mention: Mention, catalogue: Catalogue, lexicon: Lexicon, *, prescribed: bool) -> list[Candidates]:
    groups = set(catalogue.classes_of(mention.ingredients))
    if mention.category in ("antimicrobiano", "controlado"):
        groups.add(mention.category)
    if "antitermico" in groups and _COLD_REMEDY & set(mention.ingredients):
        groups = {"antigripal"}
    found = [
        _from(row, catalogue, mention.name)
        for row in lexicon.complements
        if row.prescribed == prescribed and row.group in groups and row.products
    ]
    if prescribed and not found and mention.category == "tarja_vermelha":
        organizer = catalogue.by_id.get("M007")
        if organizer is not None:
            found = [
                Candidates(
                    "complemento:uso_continuo",
                    "aparelho",
                    "uso com receita: não esquecer os horários",
                    mention.name,
                    (organizer,),
                )
            ]
    if not found and not prescribed and mention.category in ("suplemento", "verificar"):
        found = _by_group("vitamina", catalogue, lexicon, prescribed=False)
    return found


def _by_group(group: str, catalogue: Catalogue, lexicon: Lexicon, *, prescribed: bool) -> list[Candidates]:
    return [
        _from(row, catalogue, group)
        for row in lexicon.complements
        if row.group == group and row.prescribed == prescribed
    ]


def _from(row: Complement, catalogue: Catalogue, evidence: str) -> Candidates:
    products = tuple(catalogue.by_id[key] for key in row.products if key in catalogue.by_id)
    return Candidates(f"complemento:{row.group}", row.category, row.reason, evidence, products)


def chosen(candidates: Candidates, picked: Iterable[str], facts: Facts, catalogue: Catalogue) -> tuple[Product, ...]:
    """The products that go out: those that were picked among the candidates, in that order, checked once more."""
    by_id = {product.id: product for product in candidates.products}
    wanted = [by_id[key] for key in dict.fromkeys(picked) if key in by_id]
    return admit(wanted, patient_of(facts, catalogue), catalogue)
