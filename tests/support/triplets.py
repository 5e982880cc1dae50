"""Triplets and Muradif rows of our own making: synonyms in short contexts, with another word as the negative."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path

SYNONYMS = [
    ("عِلْمٌ", "مَعْرِفَةٌ"),
    ("عَلَمٌ", "رَايَةٌ"),
    ("بَيْتٌ", "دَارٌ"),
    ("كِتَابٌ", "سِفْرٌ"),
    ("يَوْمٌ", "نَهَارٌ"),
    ("مَاءٌ", "شَرَابٌ"),
    ("رَجُلٌ", "امْرُؤٌ"),
    ("قَلَمٌ", "يَرَاعٌ"),
    ("بَحْرٌ", "يَمٌّ"),
    ("سَيْفٌ", "حُسَامٌ"),
    ("أَسَدٌ", "لَيْثٌ"),
    ("طَرِيقٌ", "سَبِيلٌ"),
]
CONTEXTS = ["قَالَ _ ثُمَّ خَرَجَ", "هٰذَا _ جَدِيدٌ", "رَأَى _ فِي الْمَكْتَبَةِ", "_ فَوْقَ الْقَلْعَةِ", "نُورُ _ بَعِيدٌ", "ثم عاد إلى _"]


def write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def muradif_rows() -> list[dict[str, str]]:
    """Every anchor in every context, with its synonym and a word drawn from the others."""
    chance = random.Random(5)
    rows = []
    for place, (anchor, synonym) in enumerate(SYNONYMS):
        for context in CONTEXTS:
            other = SYNONYMS[(place + chance.randrange(1, len(SYNONYMS))) % len(SYNONYMS)][chance.randrange(2)]
            rows.append({"context": context, "anchor_word": anchor, "syn_word": synonym, "irrelevant_word": other})
    return rows


def triplets() -> list[dict[str, str]]:
    """The same as triplets of whole texts."""
    return [
        {
            "anchor": row["context"].replace("_", row["anchor_word"]),
            "positive": row["context"].replace("_", row["syn_word"]),
            "negative": row["context"].replace("_", row["irrelevant_word"]),
        }
        for row in muradif_rows()
    ]
