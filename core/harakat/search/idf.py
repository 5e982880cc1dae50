"""The idf table that ships with the package, and the command that counts it.

For each term (by number, `harakat.search.fields`) the table holds in how many passages it was counted, to a quarter
of an octave; no text. A term that is not in it has the largest idf. The header names the sources and their licences.

    python -m harakat.search.counting --source NAME LICENCE FILE [--source …] -o TABLE
"""

from __future__ import annotations

import hashlib
import json
import lzma
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harakat.errors import DataUnavailableError

__all__ = ["IdfTable", "default_idf"]

_MAGIC = b"harakat idf 1\n"
_STEPS = 4
"""Steps an octave of counts."""
_BUNDLED = Path(__file__).with_name("idf.bin")


@dataclass(frozen=True, eq=False)
class IdfTable:
    """Counts of passages a term, and the idf that follows from them.

    Attributes:
        terms: Term numbers, uint32, ascending.
        codes: Quarter octaves of the passages that hold each term, uint8, as many.
        passages: Number of passages counted.
        about: Sources, licences and settings of the count, as JSON values.
    """

    terms: npt.NDArray[np.uint32]
    codes: npt.NDArray[np.uint8]
    passages: int
    about: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_counts(
        cls,
        terms: npt.NDArray[np.uint32],
        counts: npt.NDArray[np.int64],
        passages: int,
        about: dict[str, Any] | None = None,
    ) -> IdfTable:
        """Make a table from counts.

        Args:
            terms: Term numbers, ascending, none twice.
            counts: Passages that hold each term, at least 1.
            passages: Number of passages counted.
            about: Anything to keep with the table, as JSON values.
        """
        codes = np.rint(np.log2(counts.astype(np.float64)) * _STEPS).astype(np.uint8)
        return cls(terms.astype(np.uint32), codes, passages, dict(about or {}))

    def __len__(self) -> int:
        return len(self.terms)

    def idf(self, terms: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
        """Return the idf of terms: ln(1 + (N - n + 0.5) / (n + 0.5)), n = 0 for a term that was not counted.

        Args:
            terms: Term numbers in any order.

        Returns:
            One positive number a term, float32.
        """
        if not len(self.terms):
            return np.full(len(terms), self._by_code[-1], np.float32)
        at = np.minimum(np.searchsorted(self.terms, terms), len(self.terms) - 1)
        return np.where(self.terms[at] == terms, self._by_code[self.codes[at]], self._by_code[-1])

    @cached_property
    def _by_code(self) -> npt.NDArray[np.float32]:
        """The idf of each code; the last is that of a term never counted."""
        counts = np.append(np.minimum(2.0 ** (np.arange(256) / _STEPS), self.passages), 0.0)
        return np.log1p((self.passages - counts + 0.5) / (counts + 0.5)).astype(np.float32)

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits of the SHA-256 of what decides an idf."""
        parts = (str(self.passages).encode(), self.terms.astype("<u4").tobytes(), self.codes.tobytes())
        return hashlib.sha256(b"\n".join(parts)).hexdigest()[:16]

    def save(self, path: str | Path) -> None:
        """Write the table to a file: a header line of JSON and three compressed arrays' bytes."""
        header = {"passages": self.passages, "terms": len(self.terms), "about": self.about}
        # Differences of ascending numbers, one plane a byte: the upper planes are nearly all zero.
        steps = np.diff(self.terms.astype(np.int64), prepend=0).astype("<u4")
        planes = steps.view(np.uint8).reshape(-1, 4).T.tobytes()
        body = lzma.compress(planes + self.codes.tobytes(), preset=9 | lzma.PRESET_EXTREME)
        Path(path).write_bytes(_MAGIC + json.dumps(header, ensure_ascii=False).encode("utf-8") + b"\n" + body)

    @classmethod
    def load(cls, path: str | Path) -> IdfTable:
        """Read a table from a file.

        Raises:
            DataUnavailableError: The file is missing, or no such table, or damaged.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise DataUnavailableError(f"the idf table {path} cannot be read: {error}; reinstall harakat") from error
        if not data.startswith(_MAGIC):
            raise DataUnavailableError(
                f"{path} is no idf table of harakat; make one with python -m harakat.search.counting"
            )
        try:
            line, body = data[len(_MAGIC) :].split(b"\n", 1)
            header = json.loads(line)
            raw = np.frombuffer(lzma.decompress(body), np.uint8)
            planes = raw.reshape(5, header["terms"])
        except (ValueError, KeyError, TypeError, lzma.LZMAError, EOFError) as error:
            raise DataUnavailableError(f"the idf table {path} is damaged: {error}; reinstall harakat") from error
        steps = np.ascontiguousarray(planes[:4].T).view("<u4").ravel()
        terms = np.cumsum(steps, dtype=np.uint64).astype(np.uint32)
        return cls(terms, planes[4].copy(), header["passages"], header["about"])

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in ("terms", "codes", "passages", "about")}


@lru_cache(maxsize=1)
def default_idf() -> IdfTable:
    """Return the table that ships with the package, read once a process.

    Raises:
        DataUnavailableError: The installation lacks it.
    """
    return IdfTable.load(_BUNDLED)
