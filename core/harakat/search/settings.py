"""Settings of the lexical part: how much each field counts, and how long a collection's texts are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any

from harakat._support.texts import checked, refuse_container
from harakat.errors import OptionError
from harakat.search.fields import Field, text_terms

__all__ = ["DEFAULT_FIELDS", "FieldAverages", "FieldSetting"]


@dataclass(frozen=True, slots=True)
class FieldSetting:
    """Weight and saturation of a field.

    Attributes:
        weight: Share of the field in a query's score, relative to the other fields; 0 leaves it out.
        k1: Saturation: how fast a term's repetitions stop counting (BM25's k1), at least 0.
        b: How much a long text's terms count less (BM25's b), 0 to 1.
    """

    weight: float
    k1: float
    b: float

    def __post_init__(self) -> None:
        for name, low, high in (("weight", 0.0, math.inf), ("k1", 0.0, math.inf), ("b", 0.0, 1.0)):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not low <= value <= high:
                raise OptionError(f"{name} of a field is {value!r}; give a finite number from {low:g} to {high:g}")


DEFAULT_FIELDS: Mapping[Field, FieldSetting] = MappingProxyType(
    {
        Field.WORD: FieldSetting(weight=1.0, k1=1.2, b=0.75),
        Field.STEM: FieldSetting(weight=1.0, k1=0.6, b=0.75),
        Field.GRAM: FieldSetting(weight=2.0, k1=1.2, b=0.75),
        Field.MARKED: FieldSetting(weight=1.0, k1=0.3, b=0.0),
        Field.PAIR: FieldSetting(weight=1.5, k1=0.3, b=0.0),
    }
)
"""Chosen by measurement on one half of the development sets."""


@dataclass(frozen=True, slots=True)
class FieldAverages:
    """Average number of terms a text in each field of a collection.

    A collection measures them when it is made and keeps them: they are part of the fingerprint, so a document's
    vector never depends on the documents that came with it. The defaults are those of passages of 60 words.

    Attributes:
        word: Words a text.
        stem: Stems a text.
        gram: Trigrams a text.
        marked: Marked words a text.
        pair: Pairs of neighbouring words a text.
    """

    word: float = 60.0
    stem: float = 60.0
    gram: float = 255.0
    marked: float = 60.0
    pair: float = 59.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < math.inf:
                raise OptionError(f"the average {name} count is {value!r}; give a finite number above 0")

    @classmethod
    def measure(cls, texts: Iterable[str]) -> FieldAverages:
        """Return the averages of texts: all of a collection, or a fair sample of it.

        Args:
            texts: At least one; texts without a word do not count. A field that none of them has is given 1.

        Raises:
            OptionError: No text holds a word.
            TextTypeError, TextError: As `harakat.search.SparseEncoder.encode_document`.
        """
        refuse_container(texts)
        sums = [0] * len(Field)
        count = 0
        for text in checked(texts):
            terms = text_terms(text)
            if len(terms.word):
                count += 1
                sums = [total + len(each) for total, each in zip(sums, terms, strict=True)]
        if not count:
            raise OptionError("no text holds a word, so there is no average; give texts of the collection")
        # Six digits are enough for a score and print the same everywhere.
        return cls(*[float(f"{max(total / count, 1.0):.6g}") for total in sums])

    def to_json(self) -> str:
        """Return the averages as a JSON object, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> FieldAverages:
        """Read what `to_json` wrote.

        Raises:
            OptionError: Not such an object.
        """
        try:
            values: Any = json.loads(text)
        except ValueError as error:
            raise OptionError(f"field averages are no JSON: {text!r:.80}; measure them again") from error
        names = {each.name for each in fields(cls)}
        if not isinstance(values, dict) or set(values) != names:
            raise OptionError(f"field averages are {text!r:.80}; they are an object with {', '.join(sorted(names))}")
        return cls(**values)
