"""An encoder's options, checked by themselves and against the checkpoint, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harakat._support.checks import check_flag, check_one_of, is_whole, surrogate_at
from harakat.errors import CheckpointError, DimError, OptionError
from harakat.model.checkpoints.config import CheckpointConfig
from harakat.model.families.family import TokenizerOptions
from harakat.model.layers.attention_choice import check_attention
from harakat.model.pooling import check_precision
from harakat.options import OVERFLOW, SPELLINGS, EncoderOptions, Overflow, Precision
from harakat.runtime.checkpoint import Checkpoint
from harakat.runtime.prefetch import TokenizerRecipe, check_workers

__all__ = [
    "Resolved",
    "check_dim",
    "check_max_length",
    "check_options",
    "check_overflow",
    "choose_prompt",
    "resolve",
    "tokenizer_recipe",
]


@dataclass(frozen=True)
class Resolved:
    """Options of an encoder with nothing left open.

    Attributes:
        dim: Values of a vector.
        precision: Numbers of the vectors that come out.
        max_length: Longest sequence in tokens, special tokens included.
        overflow: Policy for longer texts.
        query_prompt: Text put before each query; ``""`` for none.
        document_prompt: Text put before each document; ``""`` for none.
    """

    dim: int
    precision: Precision
    max_length: int
    overflow: Overflow
    query_prompt: str
    document_prompt: str


def resolve(options: EncoderOptions, checkpoint: Checkpoint) -> Resolved:
    """Fill in what the options leave to the checkpoint.

    Raises:
        OptionError: A value that the checkpoint does not allow (DimError is a kind of it).
    """
    dim = check_dim(checkpoint, options.dim, allow_untrained=options.allow_untrained_dim)
    prompts = checkpoint.config.prompts
    return Resolved(
        dim=dim,
        precision=check_precision(options.precision, dim),
        max_length=check_max_length(checkpoint, options.max_length),
        overflow=check_overflow(options.overflow),
        query_prompt=choose_prompt(options.query_prompt, prompts, "query"),
        document_prompt=choose_prompt(options.document_prompt, prompts, "document", "passage"),
    )


def check_options(options: EncoderOptions) -> None:
    """Check what can be checked before any file is opened.

    Raises:
        OptionError: An impossible value.
    """
    check_overflow(options.overflow)
    check_one_of("spelling", options.spelling, (None, *SPELLINGS), " or ".join(map(repr, SPELLINGS)))
    tokens = options.batch_tokens
    if tokens is not None and not is_whole(tokens, 1):
        raise OptionError(f"batch_tokens={tokens!r} is not a whole number above 0")
    check_attention(options.attention)
    check_workers(options.workers)
    check_flag("compile", options.compile)


def tokenizer_recipe(options: EncoderOptions, folder: Path, config: CheckpointConfig) -> TokenizerRecipe:
    """Return what opens the tokenizer of a checkpoint with these options.

    Raises:
        OptionError: The checkpoint's family leaves no choice there.
    """
    family = config.family
    if not family.tokenizer_choice:
        if options.spelling not in (None, config.spelling):
            raise OptionError(f"spelling={options.spelling!r}: {folder.name} reads {config.spelling!r} only")
        if options.segmentation or options.morphology:
            raise OptionError(f"segmentation: {folder.name} was trained without clitic segmentation and has none")
    morphology = None if options.morphology is None else str(options.morphology)
    spelling = options.spelling or config.spelling
    if spelling == "imlai" and config.everyday:
        spelling = "everyday"
    chosen = TokenizerOptions(spelling, options.segmentation, morphology)
    return TokenizerRecipe(folder, family.model_type, chosen)


def check_dim(checkpoint: Checkpoint, dim: int | None, *, allow_untrained: bool) -> int:
    """Return the Matryoshka dim: `dim`, or the checkpoint's own where None.

    Raises:
        DimError: More than the checkpoint gives, less than 1, or not trained and not allowed.
    """
    full = checkpoint.dims[0]
    if dim is None:
        return checkpoint.config.dim or full
    trained = ", ".join(map(str, checkpoint.dims))
    if isinstance(dim, bool) or not isinstance(dim, int | np.integer) or not 1 <= dim <= full:
        raise DimError(f"dim={dim!r}: {checkpoint.name} gives 1 to {full} values; trained dims: {trained}")
    if dim not in (*checkpoint.dims, checkpoint.config.dim) and not allow_untrained:
        raise DimError(
            f"dim={dim}: {checkpoint.name} was trained for {trained}; at another size similarities are worse. Choose "
            f"one of these, or pass allow_untrained_dim=True"
        )
    return int(dim)


def check_max_length(checkpoint: Checkpoint, max_length: int | None) -> int:
    """Return the longest sequence in tokens: `max_length`, or the checkpoint's own where None.

    Raises:
        OptionError: More than the checkpoint has positions for, or no room for a token beside the special ones.
    """
    most, least = checkpoint.config.max_positions, checkpoint.engine.specials + 1
    if max_length is None:
        if checkpoint.config.max_length < least:
            raise CheckpointError(
                f"{checkpoint.folder}: its files cut texts to {checkpoint.config.max_length} tokens, which leaves no "
                f"room beside the special ones; give max_length={least} or more"
            )
        return checkpoint.config.max_length
    if not is_whole(max_length, least, most):
        raise OptionError(f"max_length={max_length!r}: {checkpoint.name} takes {least} to {most} tokens")
    return max_length


def check_overflow(overflow: str) -> Overflow:
    """Return the policy for texts that are too long.

    Raises:
        OptionError: No such policy.
    """
    check_one_of("overflow", overflow, OVERFLOW)
    return overflow  # type: ignore[return-value]


def choose_prompt(given: str | None, prompts: Mapping[str, Any], *names: str) -> str:
    """Return the prompt: as `given`, or the first of the checkpoint's own under one of `names`, or none.

    Raises:
        OptionError: `given` is no str.
    """
    if given is not None:
        if not isinstance(given, str):
            raise OptionError(f"a prompt is a str, not {given!r}")
        if surrogate_at(given) is not None:
            raise OptionError(f"the prompt {given!r} holds a lone surrogate, which is no character")
        return given
    return next((str(prompts[name]) for name in names if name in prompts), "")
