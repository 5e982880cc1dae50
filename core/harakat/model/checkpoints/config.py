"""The JSON files beside the weights, checked before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harakat._support.checks import is_whole
from harakat._support.json_files import positive_int, present, read_json
from harakat.errors import CheckpointError
from harakat.model.checkpoints.sentence_transformers import check_modules
from harakat.model.families.family import Family
from harakat.model.families.names import EVERYDAY_FORMAT
from harakat.model.families.table import family_of

__all__ = ["CheckpointConfig", "read_config"]

LONGEST = 1_000_000
"""No network takes this many tokens; a larger number stands for none."""


MOST = {
    "vocab_size": 10_000_000,
    "hidden_size": 65_536,
    "num_hidden_layers": 256,
    "num_attention_heads": 65_536,
    "intermediate_size": 1_000_000,
    "max_position_embeddings": LONGEST,
    "max_length": LONGEST,
    "dictionary_entries": 100_000_000,
    "dictionary_readings": 100_000_000,
    "dictionary_dim": 65_536,
}
"""Largest sizes that a config may ask for: memory is taken by them before any weight is seen."""


@dataclass(frozen=True)
class CheckpointConfig:
    """Content of a checkpoint's config.json and of the sentence-transformers files beside it.

    Attributes:
        family: The kind of network and its capabilities.
        raw: `config.json` as read.
        max_length: Longest sequence, special tokens included, that texts are cut to by default.
        max_positions: Longest sequence the network can take.
        dims: Trained Matryoshka dims that the files name, largest first; () where they name none.
        prompts: Texts put before an input, by role (``"query"``, ``"document"``).
        spelling: ``"as-is"`` or ``"imlai"``: the spelling the checkpoint was trained on.
        everyday: True where ``spelling="imlai"`` stands for all rules of `harakat.arabic.to_everyday`, by the format.
        dim: Size that vectors are cut to where no other is asked for; None for the full one.
    """

    family: Family
    raw: Mapping[str, Any]
    max_length: int
    max_positions: int
    dims: tuple[int, ...]
    prompts: Mapping[str, str]
    spelling: str
    everyday: bool = False
    dim: int | None = None


def read_config(folder: Path) -> CheckpointConfig:
    """Read and check `config.json` and the sentence-transformers files beside it.

    Raises:
        CheckpointError: A file is damaged, the model_type is none of ours, or a module beside the network would
            change the vectors in a way that is not implemented.
    """
    path = folder / "config.json"
    raw = read_json(path)
    family = family_of(raw, path)
    # Older exports say max_length; transformers keeps that name for generation.
    key = "max_position_embeddings" if raw.get("max_length") is None else "max_length"
    max_positions = positive_int(raw, key, path) if key in raw else 1024
    for name, most in MOST.items():
        if name in raw and not is_whole(raw[name], 1, most):
            raise CheckpointError(f"{path}: {name}={raw[name]!r}, but a whole number from 1 to {most:,} is needed")
    return CheckpointConfig(
        family=family,
        raw=raw,
        max_length=min(_sentence_length(folder) or max_positions, max_positions),
        max_positions=max_positions,
        dims=_dims(raw, path),
        prompts=_prompts(folder),
        spelling=_spelling(raw, path),
        everyday=raw.get("format") == EVERYDAY_FORMAT,
        dim=check_modules(folder, raw.get("hidden_size")),
    )


def _dims(raw: Mapping[str, Any], path: Path) -> tuple[int, ...]:
    dims = raw.get("matryoshka_dims") or []
    hidden = raw.get("hidden_size")
    good = isinstance(dims, list) and all(is_whole(d, 1) for d in dims)
    if not good or (isinstance(hidden, int) and any(d > hidden for d in dims)):
        raise CheckpointError(
            f"{path}: matryoshka_dims={dims!r} is not a list of whole numbers up to hidden_size={hidden!r}"
        )
    return tuple(sorted(set(dims), reverse=True))


def _spelling(raw: Mapping[str, Any], path: Path) -> str:
    spelling = raw.get("spelling", "as-is")
    if spelling not in ("as-is", "imlai"):
        raise CheckpointError(f"{path}: spelling={spelling!r}; known are 'as-is' and 'imlai'")
    return str(spelling)


def _sentence_length(folder: Path) -> int | None:
    """Read the longest sequence that a sentence-transformers folder asks for, if it does."""
    sources = [("sentence_bert_config.json", "max_seq_length")]
    if present(folder / "modules.json"):  # since version 6 it is kept with the tokenizer only
        sources.append(("tokenizer_config.json", "model_max_length"))
    for name, key in sources:
        path = folder / name
        if present(path):
            data = read_json(path)
            value = data.get(key)
            if isinstance(value, int | float) and value > LONGEST:  # transformers' way to say "unknown"
                continue
            if value is not None:
                return positive_int(data, key, path)
    return None


def _prompts(folder: Path) -> dict[str, str]:
    path = folder / "config_sentence_transformers.json"
    if not present(path):
        return {}
    prompts = read_json(path).get("prompts") or {}
    if not isinstance(prompts, dict) or not all(isinstance(v, str) for v in prompts.values()):
        raise CheckpointError(f"{path}: prompts={prompts!r} does not map names to texts")
    return {name: text for name, text in prompts.items() if text}
