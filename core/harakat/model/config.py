"""The JSON files beside the weights: what they say, checked before anything is built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harakat.errors import CheckpointError
from harakat.model.architecture_names import MARKED_BERT, NEOARABERT

__all__ = ["CheckpointConfig", "read_config", "read_json"]


LONGEST = 1_000_000
"""No network takes this many tokens; a larger number stands for none."""


@dataclass(frozen=True)
class CheckpointConfig:
    """What a checkpoint folder says about itself.

    Attributes:
        model_type: ``"neoarabert"`` or ``"harakat-marked-bert"``.
        raw: `config.json` as read.
        max_length: Longest sequence, special tokens included, that texts are cut to by default.
        max_positions: Longest sequence the network can take.
        dims: Trained Matryoshka dims that the files name, largest first; () where they name none.
        prompts: Texts put before an input, by role (``"query"``, ``"document"``).
        spelling: ``"as-is"`` or ``"imlai"``: the spelling the checkpoint was trained on.
    """

    model_type: str
    raw: Mapping[str, Any]
    max_length: int
    max_positions: int
    dims: tuple[int, ...]
    prompts: Mapping[str, str]
    spelling: str


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        CheckpointError: The file is missing, unreadable, or holds something else than an object.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path} is missing; a checkpoint folder holds config.json, tokenizer.json and *.safetensors"
        ) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path} holds a JSON {type(data).__name__}, not an object")
    return data


def positive_int(data: Mapping[str, Any], key: str, path: Path) -> int:
    """A whole number above 0 under `key`.

    Raises:
        CheckpointError: It is absent or something else.
    """
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise CheckpointError(f"{path}: {key}={value!r}, but a whole number above 0 is needed")
    return value


def read_config(folder: Path) -> CheckpointConfig:
    """Read and check `config.json` and the sentence-transformers files beside it.

    Raises:
        CheckpointError: A file is damaged, the model_type is none of ours, or a module beside the network would
            change the vectors in a way that is not implemented.
    """
    path = folder / "config.json"
    raw = read_json(path)
    model_type = raw.get("model_type")
    if model_type not in (NEOARABERT, MARKED_BERT):
        raise CheckpointError(
            f"{path}: model_type={model_type!r}; harakat reads {NEOARABERT!r} checkpoints (and its own "
            f"{MARKED_BERT!r}). For another model use its own library"
        )
    # Older exports say max_length; transformers keeps that name for generation.
    key = "max_position_embeddings" if raw.get("max_length") is None else "max_length"
    max_positions = positive_int(raw, key, path) if key in raw else 1024
    _check_modules(folder)
    return CheckpointConfig(
        model_type=model_type,
        raw=raw,
        max_length=min(_sentence_length(folder) or max_positions, max_positions),
        max_positions=max_positions,
        dims=_dims(raw, path),
        prompts=_prompts(folder),
        spelling=_spelling(raw, path),
    )


def _dims(raw: Mapping[str, Any], path: Path) -> tuple[int, ...]:
    dims = raw.get("matryoshka_dims") or []
    hidden = raw.get("hidden_size")
    good = isinstance(dims, list) and all(isinstance(d, int) and not isinstance(d, bool) and d > 0 for d in dims)
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
    """The longest sequence that a sentence-transformers folder asks for, if it does."""
    sources = [("sentence_bert_config.json", "max_seq_length")]
    if (folder / "modules.json").exists():  # since version 6 it is kept with the tokenizer only
        sources.append(("tokenizer_config.json", "model_max_length"))
    for name, key in sources:
        path = folder / name
        if path.exists():
            data = read_json(path)
            value = data.get(key)
            if isinstance(value, int | float) and value > LONGEST:  # transformers' way to say "unknown"
                continue
            if value is not None:
                return positive_int(data, key, path)
    return None


def _prompts(folder: Path) -> dict[str, str]:
    path = folder / "config_sentence_transformers.json"
    if not path.exists():
        return {}
    prompts = read_json(path).get("prompts") or {}
    if not isinstance(prompts, dict) or not all(isinstance(v, str) for v in prompts.values()):
        raise CheckpointError(f"{path}: prompts={prompts!r} does not map names to texts")
    return {name: text for name, text in prompts.items() if text}


def _check_modules(folder: Path) -> None:
    """Refuse a sentence-transformers pipeline that does more than mean pooling and normalising."""
    modules_path = folder / "modules.json"
    if not modules_path.exists():
        return
    try:
        modules = json.loads(modules_path.read_text(encoding="utf-8"))
        kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
        paths = [str(module.get("path", "")) for module in modules]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{modules_path} cannot be read as a list of modules: {error!r}") from error
    unknown = [kind for kind in kinds[1:] if kind not in ("Pooling", "Normalize")]
    if unknown:
        raise CheckpointError(f"{modules_path} adds {', '.join(unknown)} after the network; only mean pooling is known")
    for kind, sub in zip(kinds, paths, strict=True):
        if kind != "Pooling" or not (folder / sub / "config.json").exists():
            continue
        pooling = read_json(folder / sub / "config.json")
        # sentence-transformers before 6 wrote one flag a mode, since then a name or a list of names.
        modes = {key.removeprefix("pooling_mode_") for key, value in pooling.items() if value is True}
        modes = {mode for mode in modes if f"pooling_mode_{mode}" in pooling} - {"mean_tokens"}
        named = pooling.get("pooling_mode", "mean")
        modes |= set([named] if isinstance(named, str) else named) - {"mean"}
        if modes or pooling.get("include_prompt") is False:
            what = ", ".join(sorted(map(str, modes))) or "leaving the prompt out"
            raise CheckpointError(
                f"{folder / sub / 'config.json'} asks for {what}; only mean pooling over all tokens is known"
            )
