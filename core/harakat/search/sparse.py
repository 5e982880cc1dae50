"""Sparse vectors of texts by their letters: BM25's saturation in the documents, idf and weights in the queries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from harakat._support.texts import check_text, checked, refuse_container, text_list
from harakat.errors import MissingExtraError, OptionError
from harakat.search.fields import ANALYSIS_VERSION, FIELD_BITS, Field, Terms, text_terms, word_terms
from harakat.search.idf import IdfTable, default_idf
from harakat.search.questions import content_positions
from harakat.search.settings import DEFAULT_FIELDS, FieldAverages, FieldSetting
from harakat.search.words import split_words

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

__all__ = ["SparseEncoder", "SparseVector", "to_csr"]

_SHIFT = np.uint32(FIELD_BITS)


@dataclass(frozen=True, slots=True, eq=False)
class SparseVector:
    """A sparse vector: where it is not zero, and what it is there.

    Attributes:
        indices: Term numbers, uint32, strictly ascending, under 2**31.
        values: Positive numbers, float32, as many.
    """

    indices: npt.NDArray[np.uint32]
    values: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.indices)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparseVector):
            return NotImplemented
        return np.array_equal(self.indices, other.indices) and np.array_equal(self.values, other.values)

    def dot(self, other: SparseVector) -> float:
        """Return the inner product with another vector: a query's with a document's is its lexical score, 0 to 1."""
        _, here, there = np.intersect1d(self.indices, other.indices, assume_unique=True, return_indices=True)
        return float(self.values[here] @ other.values[there])

    def by_field(self, other: SparseVector) -> dict[Field, float]:
        """Return the inner product with another vector, a field a part; fields that share no term are left out."""
        common, here, there = np.intersect1d(self.indices, other.indices, assume_unique=True, return_indices=True)
        parts = np.bincount(common >> _SHIFT, weights=self.values[here] * other.values[there], minlength=len(Field))
        return {field: float(parts[field]) for field in Field if parts[field]}


_EMPTY = SparseVector(np.empty(0, np.uint32), np.empty(0, np.float32))


class SparseEncoder:
    """Texts to sparse vectors; the inner product of a query's and a document's is a lexical score from 0 to 1.

    A document's vector depends on its text and on the settings alone, never on other documents. Encoders are
    immutable, safe to share between threads, and can be pickled.

    Args:
        averages: Average lengths of the collection's texts (`FieldAverages.measure`); those of passages of 60 words
            where None.
        fields: Weight and saturation a field, instead of `DEFAULT_FIELDS`; a field that is missing is left out.
        idf: Table of document frequencies; the one that ships with the package where None.

    Raises:
        OptionError: An option of another type, or no field has a weight.
        DataUnavailableError: The package's idf table is missing.
    """

    def __init__(
        self,
        averages: FieldAverages | None = None,
        *,
        fields: Mapping[Field, FieldSetting] | None = None,
        idf: IdfTable | None = None,
    ) -> None:
        averages = FieldAverages() if averages is None else averages
        fields = DEFAULT_FIELDS if fields is None else fields
        if not isinstance(averages, FieldAverages):
            raise OptionError(f"averages is a {type(averages).__name__}; give FieldAverages.measure(texts)")
        if not isinstance(fields, Mapping) or not all(
            isinstance(field, Field) and isinstance(setting, FieldSetting) for field, setting in fields.items()
        ):
            raise OptionError("fields maps each Field to a FieldSetting; start from dict(DEFAULT_FIELDS)")
        if idf is not None and not isinstance(idf, IdfTable):
            raise OptionError(f"idf is a {type(idf).__name__}; give an IdfTable or None")
        off = FieldSetting(0.0, 0.0, 0.0)
        settings = [fields.get(field, off) for field in Field]
        if not any(setting.weight for setting in settings):
            raise OptionError("no field has a weight above 0, so nothing can be found; start from dict(DEFAULT_FIELDS)")
        self._averages = averages
        self._settings = tuple(settings)
        self._idf = default_idf() if idf is None else idf
        self._weights = np.array([setting.weight for setting in settings])
        # The part of BM25's denominator that is the same for all texts, and the part a term of the text's length.
        self._fixed = np.array([setting.k1 * (1.0 - setting.b) for setting in settings])
        self._sloped = np.array([s.k1 * s.b / average for s, average in zip(settings, astuple(averages), strict=True)])
        self._fingerprint = self._describe()

    @property
    def averages(self) -> FieldAverages:
        """The average lengths that long and short texts are told by."""
        return self._averages

    @property
    def fields(self) -> dict[Field, FieldSetting]:
        """Weight and saturation of each field that counts."""
        return {field: self._settings[field] for field in Field if self._settings[field].weight}

    @property
    def fingerprint(self) -> str:
        """Everything that decides a vector, in one line: encoders with the same fingerprint agree bit for bit."""
        return self._fingerprint

    def _describe(self) -> str:
        facts = {
            "analysis": ANALYSIS_VERSION,
            "averages": json.loads(self._averages.to_json()),
            "fields": {field.name.lower(): list(astuple(setting)) for field, setting in self.fields.items()},
            "idf": self._idf.digest,
        }
        return "harakat-lexical:" + json.dumps(facts, sort_keys=True, separators=(",", ":"))

    @property
    def short_fingerprint(self) -> str:
        """Sixteen hexadecimal digits of the fingerprint's SHA-256, for names and metadata."""
        return hashlib.sha256(self._fingerprint.encode("utf-8")).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"SparseEncoder(averages={self._averages!r}, fingerprint={self.short_fingerprint})"

    @overload
    def encode_document(self, texts: str) -> SparseVector: ...  # type: ignore[overload-overlap]
    @overload
    def encode_document(self, texts: Iterable[str]) -> list[SparseVector]: ...
    def encode_document(self, texts: str | Iterable[str]) -> SparseVector | list[SparseVector]:
        """Return the sparse vector of a text to be found, or of each of several.

        Args:
            texts: One text, or an ordered run of texts.

        Returns:
            One vector, or a list in the order of the texts; a text without a letter or digit has an empty vector.

        Raises:
            TextTypeError: Something that is not a text.
            TextError: A text with a lone surrogate.
        """
        if isinstance(texts, str):
            return self._document(check_text(texts))
        return [self._document(text) for text in text_list(texts)]

    def encode_document_stream(self, texts: Iterable[str]) -> Iterator[SparseVector]:
        """Yield the vectors of texts one by one, reading each text when its vector is asked for.

        Raises:
            TextTypeError, TextError: As `encode_document`, when the text in question is reached.
        """
        refuse_container(texts)
        return map(self._document, checked(texts))

    @overload
    def encode_query(self, texts: str) -> SparseVector: ...  # type: ignore[overload-overlap]
    @overload
    def encode_query(self, texts: Iterable[str]) -> list[SparseVector]: ...
    def encode_query(self, texts: str | Iterable[str]) -> SparseVector | list[SparseVector]:
        """Return the sparse vector of a search query, or of each of several.

        Args:
            texts: One query, or an ordered run of queries. In a question the words that ask do not count
                (`harakat.search.questions`).

        Returns:
            One vector, or a list in the order of the queries; its values add up to 1. A query without a letter or
            digit has an empty vector, which finds nothing: `len(vector) == 0`.

        Raises:
            TextTypeError: Something that is not a text.
            TextError: A query with a lone surrogate.
        """
        if isinstance(texts, str):
            return self._query(check_text(texts))
        return [self._query(text) for text in text_list(texts)]

    def _counted(self, terms: Terms) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Term numbers of the fields that count, ascending, how often each occurs, and the terms a field."""
        lengths = np.array([len(each) for each in terms], np.intp)
        used = [each for each, setting in zip(terms, self._settings, strict=True) if setting.weight]
        numbers, counts = np.unique(np.concatenate(used), return_counts=True)
        return numbers, counts, lengths

    def _document(self, text: str) -> SparseVector:
        numbers, counts, lengths = self._counted(text_terms(text))
        if not len(numbers):
            return _EMPTY
        damping = (self._fixed + self._sloped * lengths)[numbers >> _SHIFT]
        return SparseVector(numbers, (counts / (counts + damping)).astype(np.float32))

    def _query(self, text: str) -> SparseVector:
        words = split_words(text)
        terms = word_terms(words)
        counting = content_positions(text, [word.folded for word in words])
        if len(counting) < len(words):
            # Pairs stay whole: a verse that begins with an interrogative is still found by its words in order.
            terms = word_terms([words[at] for at in counting])._replace(pair=terms.pair)
        numbers, counts, lengths = self._counted(terms)
        if not len(numbers):
            return _EMPTY
        fields = numbers >> _SHIFT
        # A word said twice in a query counts more than once and less than twice.
        parts = np.sqrt(counts) * self._idf.idf(numbers)
        sums = np.bincount(fields, weights=parts, minlength=len(Field))
        weights = np.where(sums > 0, self._weights, 0.0)
        # A few marked words in a long query speak for themselves only.
        weights[Field.MARKED] *= lengths[Field.MARKED] / max(lengths[Field.WORD], 1)
        scale = weights / np.where(sums > 0, sums, 1.0) / weights.sum()
        return SparseVector(numbers, (parts * scale[fields]).astype(np.float32))

    def __getstate__(self) -> dict[str, Any]:
        own = self._idf is not default_idf()
        return {
            "averages": self._averages,
            "fields": {field: self._settings[field] for field in Field},
            "idf": self._idf if own else None,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["averages"], fields=state["fields"], idf=state["idf"])  # type: ignore[misc]


def to_csr(
    vectors: Sequence[SparseVector], terms: npt.NDArray[np.uint32] | None = None
) -> tuple[csr_matrix, npt.NDArray[np.uint32]]:
    """Return sparse vectors as the rows of a SciPy matrix, for exact search in memory.

    Columns are numbered from 0, because SciPy's products reserve memory for every column:

        matrix, terms = to_csr(encoder.encode_document(texts))
        queries, _ = to_csr([encoder.encode_query(query)], terms)
        scores = (queries @ matrix.T).toarray()

    Args:
        vectors: Any number of vectors.
        terms: Term numbers of the columns, ascending; other terms are left out. Those of the vectors where None.

    Returns:
        A CSR matrix of shape (len(vectors), len(terms)), float32, and the term numbers of its columns, uint32.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.sparse import csr_matrix
    except ImportError as error:
        raise MissingExtraError("to_csr needs SciPy; install it with: pip install scipy") from error
    numbers = np.concatenate([_EMPTY.indices, *(vector.indices for vector in vectors)])
    values = np.concatenate([_EMPTY.values, *(vector.values for vector in vectors)])
    rows = np.repeat(np.arange(len(vectors)), [len(vector) for vector in vectors])
    terms = np.unique(numbers) if terms is None else np.asarray(terms, np.uint32)
    columns = np.searchsorted(terms, numbers)
    known = columns < len(terms)
    known[known] = terms[columns[known]] == numbers[known]
    shape = (len(vectors), len(terms))
    return csr_matrix((values[known], (rows[known], columns[known])), shape, dtype=np.float32), terms
