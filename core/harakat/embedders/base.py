"""A common face of all models that turn texts into vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harakat.errors import EvaluationError, OptionError
from harakat.model.pooling import unit_rows

__all__ = ["Embedder", "Role", "from_callable", "with_dims"]

Role = Literal["text", "query", "document"]
"""Role of a text: one side of a symmetric comparison, a search query, or a document to be found."""
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Embedder:
    """A source of unit vectors at full size, with the facts that a report records of it.

    Attributes:
        name: For tables.
        encode_as: Function from texts and their role to float32 (n, dims[0]).
        dims: Sizes to judge at, largest first; the first is the full size.
        facts: Model, revision, device, dtype and the like, for the report.
    """

    name: str
    encode_as: Callable[[list[str], Role], Any]
    dims: tuple[int, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def encode(self, texts: Sequence[str], role: Role = "text") -> Vectors:
        """Encode texts; a text that comes twice is encoded once.

        Args:
            texts: Any number of texts.
            role: Their role.

        Returns:
            float32 (n, dims[0]), unit rows.

        Raises:
            EvaluationError: The model gave another number of rows, another size, or values that are no numbers.
        """
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        if not places:
            return np.empty((0, self.dims[0]), dtype=np.float32)
        rows = np.asarray(self.encode_as(list(places), role))
        expected = (len(places), self.dims[0])
        if rows.shape != expected:
            raise EvaluationError(f"{self.name} gave an array {rows.shape} for {len(places)} texts, not {expected}")
        if not np.issubdtype(rows.dtype, np.floating) or not bool(np.isfinite(rows).all()):
            bad = next((text for text, row in zip(places, rows, strict=True) if not np.isfinite(row).all()), "")
            raise EvaluationError(
                f"{self.name} gave {rows.dtype} values that are no finite floats, as for {bad[:60]!r}"
            )
        return unit_rows(rows)[[places[text] for text in texts]]


def with_dims(embedder: Embedder, dims: Iterable[int]) -> Embedder:
    """Return the same embedder for other sizes; the largest becomes the full one.

    Raises:
        OptionError: A size that it does not have, or none.
    """
    chosen = tuple(sorted(set(dims), reverse=True))
    wrong = [dim for dim in chosen if not 1 <= dim <= embedder.dims[0]]
    if wrong or not chosen:
        raise OptionError(f"dims={list(chosen)}: {embedder.name} gives vectors of 1 to {embedder.dims[0]} values")
    full = chosen[0]
    if full == embedder.dims[0]:
        return Embedder(embedder.name, embedder.encode_as, chosen, embedder.facts)
    return Embedder(embedder.name, lambda texts, role: embedder.encode(texts, role)[:, :full], chosen, embedder.facts)


def from_callable(model: Callable[..., Any], name: str | None, prompts: dict[Role, str]) -> Embedder:
    """Make an embedder of a function from a list of texts to an array (n, size).

    Args:
        model: The function, called once here for the size.
        name: For tables; None for the function's own.
        prompts: Texts put before each text by its role.

    Raises:
        EvaluationError: It gives another array.
    """

    def encode(texts: list[str], role: Role) -> Any:
        prompt = prompts.get(role, "")
        return model([prompt + text for text in texts])

    probe = np.asarray(encode(["نص"], "text"))
    if probe.ndim != 2 or probe.shape[0] != 1 or probe.shape[1] < 1:
        raise EvaluationError(f"the callable gave an array {probe.shape} for one text, not (1, size)")
    shown = name or str(getattr(model, "__name__", type(model).__name__))
    return Embedder(shown, encode, (int(probe.shape[1]),), {"model": shown, "prompts": dict(prompts)})
