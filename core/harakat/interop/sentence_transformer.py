"""An encoder as a SentenceTransformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harakat._support.extras import require
from harakat.errors import OptionError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from harakat.encoder import Encoder

__all__ = ["refuse_what_others_cannot", "to_sentence_transformer"]


def to_sentence_transformer(encoder: Encoder) -> SentenceTransformer:
    """Make a real `SentenceTransformer` whose `encode` gives the encoder's vectors, to within float rounding.

    Takes over device, number format, dim, maximum length and prompts (`encode_query` and `encode_document` put
    theirs before each text); similarity is the cosine. Vectors are of length 1 at every `truncate_dim`: where
    sentence-transformers would cut a unit vector and leave it short, this one normalises again.

    For a NeoAraBERT checkpoint it can be trained and saved. A saved folder consists of native modules over the model
    type that `register_transformers` registers, and loads without `trust_remote_code`::

        from harakat.interop import register_transformers
        register_transformers()
        model = SentenceTransformer(folder)

    Without harakat installed, sentence-transformers says that it is missing; without the call, transformers says
    that it does not know the model type. The tokenizer does the whole Arabic step, segmentation included; what a
    plain `SentenceTransformer` that was loaded so does not do is normalise again after `truncate_dim`: pass
    ``normalize_embeddings=True`` there. The folder's `tokenizer.json` is the checkpoint's own: a runtime that reads
    only that file would skip the Arabic step, so give it a folder of `export_eurobert`, which needs no harakat.

    For harakat's own architecture (`harakat-mini`) it wraps a copy of the network, which sentence-transformers cannot
    save; to fine-tune it use `harakat.training`, which can.

    Args:
        encoder: Of any checkpoint, with float32 output and ``overflow="warn"``.

    Raises:
        MissingExtraError: sentence-transformers is not installed.
        OptionError: An option of the encoder that a SentenceTransformer has no equal for.
    """
    require("sentence_transformers", "sentence-transformers")
    refuse_what_others_cannot(encoder, "a SentenceTransformer")
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling

    from harakat.interop.sentence_transformer_modules import HarakatSentenceTransformer

    native = encoder.checkpoint.family.in_transformers
    first = _native(encoder) if native else _wrapped(encoder)
    hidden = encoder.checkpoint.network.hidden_size
    modules: list[Any] = [first, Pooling(hidden, "mean")]
    if encoder.dim < hidden:
        modules.append(_prefix(Dense, hidden, encoder))
    modules.append(Normalize())
    model = HarakatSentenceTransformer(
        modules=modules,
        device=encoder.device,
        prompts={"query": encoder.query_prompt, "document": encoder.document_prompt},
        similarity_fn_name="cosine",
    )
    return model.eval()


def refuse_what_others_cannot(encoder: Encoder, target: str) -> None:
    """Refuse options that would silently give other vectors elsewhere.

    Raises:
        OptionError: Names the option.
    """
    if encoder.precision != "float32":
        raise OptionError(
            f"precision={encoder.precision!r}: {target} starts from float32 vectors; make it from an encoder with "
            f"precision='float32' and let the other library quantise"
        )
    if encoder.overflow != "warn":
        raise OptionError(
            f"overflow={encoder.overflow!r}: {target} can only cut texts at the maximum length, so longer ones would "
            f"get other vectors; if that is meant, pass encoder.with_options(overflow='warn')"
        )


def _native(encoder: Encoder) -> Any:
    """Make sentence-transformers' own Transformer module over our registered classes."""
    import torch
    from sentence_transformers.sentence_transformer.modules import Transformer

    from harakat.interop.transformers_registration import register_transformers

    register_transformers()
    loaded = encoder.checkpoint
    module = Transformer(
        str(loaded.folder),
        max_seq_length=encoder.max_length,
        model_kwargs={"dtype": getattr(torch, encoder.dtype)},
        processor_kwargs={
            "apply_stemming": loaded.segmentation == "on",
            "spelling": encoder.spelling,
            "morphology": encoder.options.get("morphology"),
        },
    )
    # What the files do not say and a saved folder must: options given by hand, dims known by the model's name.
    config = module.model.config
    config.spelling = encoder.spelling
    config.matryoshka_dims = list(encoder.dims)
    return module


def _wrapped(encoder: Encoder) -> Any:
    from harakat.interop.sentence_transformer_modules import EncoderModule

    return EncoderModule(encoder)


def _prefix(dense: Any, hidden: int, encoder: Encoder) -> Any:
    """Make a linear layer that keeps the first `dim` values of a vector, known to every loader."""
    import torch

    weight = torch.eye(encoder.dim, hidden, dtype=getattr(torch, encoder.dtype))
    module = dense(hidden, encoder.dim, bias=False, activation_function=torch.nn.Identity(), init_weight=weight)
    return module.requires_grad_(False)
