"""A miniature morphological database in the CALIMA text format, written for the tests.

It knows two conjunctions, four prepositions, the article, the attached pronouns, a few nouns and verbs, and the
back-off for proper nouns: enough for every kind of cut that the real data makes. No entry is copied from it.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

__all__ = ["write_catalogue_layout", "write_morphology"]

_FEATURES = [
    "diac",
    "lex",
    "bw",
    "gloss",
    "pos",
    "prc3",
    "prc2",
    "prc1",
    "prc0",
    "per",
    "asp",
    "vox",
    "mod",
    "form_gen",
    "gen",
    "form_num",
    "num",
    "stt",
    "cas",
    "enc0",
    "enc1",
    "enc2",
    "rat",
    "source",
    "stem",
    "stemcat",
    "stemgloss",
    "catib6",
    "ud",
    "root",
    "pattern",
    "caphi",
    "d1seg",
    "d2seg",
    "d3seg",
    "atbseg",
    "d1tok",
    "d2tok",
    "d3tok",
    "atbtok",
    "bwtok",
    "pos_logprob",
    "lex_logprob",
    "pos_lex_logprob",
]
_TOKENIZATIONS = ["d1seg", "d2seg", "d3seg", "atbseg", "d1tok", "d2tok", "d3tok", "atbtok", "bwtok"]

_CONJUNCTIONS = [("", "", "0"), ("و", "وَ", "wa_conj"), ("ف", "فَ", "fa_conj")]
_PREPOSITIONS = [
    ("", "", "0"),
    ("ب", "بِ", "bi_prep"),
    ("ل", "لِ", "li_prep"),
    ("ك", "كَ", "ka_prep"),
    ("س", "سَ", "sa_fut"),
]
_PRONOUNS = [
    ("", "", "0"),
    ("ه", "هُ", "3ms"),
    ("ها", "هَا", "3fs"),
    ("هم", "هُمْ", "3mp"),
    ("ك", "كَ", "2ms"),
    ("كم", "كُمْ", "2mp"),
    ("نا", "نَا", "1p"),
    ("ي", "ِي", "1s"),
]
# letters as the analyser folds them, with marks, kind, logarithm of the frequency
_STEMS = [
    ("كتاب", "كِتَاب", "noun", -3.1),
    ("بيت", "بَيْت", "noun", -3.0),
    ("قلم", "قَلَم", "noun", -3.5),
    ("قلب", "قَلْب", "noun", -3.2),
    ("رب", "رَبّ", "noun", -2.0),
    ("رحمن", "رَحْمَن", "noun", -3.4),
    ("مدرسه", "مَدْرَسَة", "noun", -3.6),
    ("رحمه", "رَحْمَة", "noun", -3.3),
    ("هدي", "هُدَى", "noun", -3.7),
    ("كتب", "كَتَبَ", "verb", -3.2),
    ("علم", "عَلِمَ", "verb", -3.3),
    ("علم", "عِلْم", "noun", -3.1),
    ("يعلم", "يَعْلَمُ", "verb", -3.0),
    ("امنوا", "آمَنُوا", "verb", -3.4),
    ("في", "فِي", "prep", -1.5),
    ("في", "فِي", "prep_pron", -1.6),
    ("من", "مِن", "prep", -1.4),
    ("من", "مِن", "prep_pron", -1.7),
    ("عن", "عَن", "prep_pron", -2.2),
    ("وجد", "وَجَدَ", "verb", -3.1),
    ("فلك", "فَلَك", "noun", -3.9),
]


def _line(surface: str, category: str, **features: str) -> str:
    return f"{surface}\t{category}\t" + " ".join(f"{name}:{value}" for name, value in features.items())


def _prefixes() -> list[str]:
    lines = []
    for (conj, conj_diac, prc2), (prep, prep_diac, prc1), article in product(_CONJUNCTIONS, _PREPOSITIONS, ("", "ال")):
        if article and prc1 in ("sa_fut", "ka_prep"):
            continue
        surface = conj + prep + article
        if prc1 == "li_prep" and article:
            surface = conj + "لل"  # li and the article are written together
        category = "PV" if prc1 == "sa_fut" else "PN" if (prep or article) else "P0"
        parts = [part for part in (conj_diac, prep_diac, article) if part]
        cut = "".join(f"{part}+_" for part in parts)
        lines.append(
            _line(
                surface,
                category,
                diac="".join(parts),
                prc2=prc2,
                prc1=prc1,
                prc0="Al_det" if article else "0",
                source="lex",
                d3seg=cut,
                d3tok=cut,
                bw="+".join(parts),
            )
        )
    return lines


def _suffixes() -> list[str]:
    return [
        _line(
            letters,
            "S" + (code if letters else "0"),
            diac=diac,
            enc0=code,
            source="lex",
            d3seg=f"_+{diac}" if letters else "",
            d3tok=f"_+{diac}" if letters else "",
            bw=diac,
        )
        for letters, diac, code in _PRONOUNS
    ]


def _stems() -> list[str]:
    lines = [
        _line(
            letters,
            f"X_{kind}",
            diac=diac,
            lex=f"{diac}_1",
            bw=f"{diac}/{kind.upper()}",
            gloss="x",
            pos=kind.split("_")[0],
            prc3="0",
            prc2="0",
            prc1="0",
            prc0="0",
            enc0="0",
            source="lex",
            pos_lex_logprob=str(frequency),
        )
        for letters, diac, kind, frequency in _STEMS
    ]
    lines.append(_line("NOAN", "X_name", diac="NOAN", lex="NOAN_0", bw="NOAN/NOUN_PROP", pos="noun_prop", source="lex"))
    return lines


def _compatible() -> tuple[list[str], list[str], list[str]]:
    pronouns = ["S" + (code if letters else "0") for letters, _, code in _PRONOUNS]
    prefix_stem = [
        ("P0", "X_noun"), ("PN", "X_noun"), ("P0", "X_verb"), ("PV", "X_verb"), ("P0", "X_prep"),
        ("P0", "X_prep_pron"), ("P0", "X_name"), ("PN", "X_name"),
    ]  # fmt: skip
    stem_suffix = [(stem, suffix) for stem in ("X_noun", "X_verb") for suffix in pronouns]
    stem_suffix += [("X_prep_pron", suffix) for suffix in pronouns if suffix != "S0"]
    stem_suffix += [("X_prep", "S0"), ("X_name", "S0")]
    prefix_suffix = list(product(("P0", "PN", "PV"), pronouns))
    return tuple([" ".join(pair) for pair in table] for table in (prefix_stem, stem_suffix, prefix_suffix))


def database_text() -> str:
    """The database, as one text."""
    ab, bc, ac = _compatible()
    sections = {
        "DEFINES": [f"DEFINE {name} {name}:*open*" for name in _FEATURES],
        "DEFAULTS": [
            "DEFAULT " + " ".join([f"pos:{pos}"] + [f"{name}:na" for name in _FEATURES if name != "pos"])
            for pos in ("noun", "verb", "prep", "noun_prop", "digit", "punc", "latin")
        ],
        "ORDER": ["ORDER " + " ".join(_FEATURES)],
        "TOKENIZATIONS": ["TOKENIZATION " + " ".join(_TOKENIZATIONS)],
        "STEMBACKOFF": ["STEMBACKOFF PROP X_name"],
        "PREFIXES": _prefixes(),
        "SUFFIXES": _suffixes(),
        "STEMS": _stems(),
        "TABLE AB": ab,
        "TABLE BC": bc,
        "TABLE AC": ac,
    }
    return "".join(f"###{name}###\n" + "".join(line + "\n" for line in lines) for name, lines in sections.items())


def write_morphology(folder: Path) -> Path:
    """Writes `morphology.db` and `model.json` into a folder.

    The model knows one word: عِلْم is a noun, although the verb is spelt alike.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "morphology.db").write_text(database_text(), encoding="utf-8")
    model = {"علم": {"diac": "عِلْم", "lex": "عِلْم_1", "bw": "عِلْم/NOUN", "pos": "noun"}}
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")
    return folder


def write_catalogue_layout(folder: Path, name: str) -> Path:
    """The layout of a real data folder: the two files apart, below the folder that the environment names.

    Returns:
        The folder.
    """
    both = write_morphology(folder / "both")
    for part, file in (("morphology_db", "morphology.db"), ("disambig_mle", "model.json")):
        (folder / part / name).mkdir(parents=True)
        (both / file).rename(folder / part / name / file)
    both.rmdir()
    return folder
