"""The configuration that Chroma stores about an embedding function: its JSON schema, and allowed changes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harakat.errors import FingerprintError, OptionError
from harakat.model.checkpoints.names import KNOWN_MODELS
from harakat.options import encoder_options, options_that

__all__ = ["CONFIG_SCHEMA", "check_config", "check_update", "portable"]


_OPTIONS = {name: option for name, option in encoder_options().items() if name != "precision"}
"""Of the encoder; Chroma keeps float32 vectors."""

CONFIG_SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "HarakatEmbeddingFunction",
    "description": "The arguments of harakat.Encoder, and the fingerprint of the encoder that they made",
    "type": "object",
    "properties": {
        **{name: option.json_schema for name, option in _OPTIONS.items()},
        "fingerprint": {"type": "string", "pattern": "^hk[0-9]+:[0-9a-f]+$"},
    },
    "required": ["model"],
    "additionalProperties": False,
}
"""JSON schema (draft 7) of `HarakatEmbeddingFunction.get_config()`."""

DECIDING = tuple(
    sorted(
        (name for name in options_that("decides") if name in _OPTIONS),
        key=lambda name: name not in ("model", "revision"),  # these first, since they name the files
    )
)
"""The options that decide a vector. The others say where and how fast it is computed, or how much of a long text
is read."""


def check_config(config: Mapping[str, Any]) -> None:
    """Check a configuration against `CONFIG_SCHEMA`, without loading anything.

    Raises:
        OptionError: An unknown option, or a value of the wrong kind.
    """
    from jsonschema import Draft7Validator  # type: ignore[import-untyped,unused-ignore]
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped,unused-ignore]

    if not isinstance(config, Mapping):
        raise OptionError(f"the configuration is {config!r}, a {type(config).__name__}; a mapping of options is needed")
    unknown = sorted(str(key) for key in config if key not in CONFIG_SCHEMA["properties"])
    if unknown:
        known = ", ".join(CONFIG_SCHEMA["properties"])
        raise OptionError(f"the option {unknown[0]!r} is unknown; known are: {known}")
    # A bool passes for an integer in Python, but not for a JSON schema.
    error = best_match(Draft7Validator(CONFIG_SCHEMA).iter_errors(dict(config)))
    if error is None:
        return
    if not error.path:
        raise OptionError(f"the configuration {dict(config)!r} lacks something: {error.message}")
    name = str(error.path[0])
    allowed = CONFIG_SCHEMA["properties"][name]
    raise OptionError(f"{name}={config[name]!r}: {error.message}; allowed is {allowed}")


def check_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse to change the encoder of vectors that exist.

    A model may move to another folder as long as both configurations carry the same fingerprint.

    Raises:
        FingerprintError: A deciding option differs.
    """
    if old.get("fingerprint") and old.get("fingerprint") == new.get("fingerprint"):
        return
    differing = [key for key in (*DECIDING, "fingerprint") if old.get(key) != new.get(key)]
    # A fingerprint that only one side has learnt says nothing by itself, nor do two of different versions.
    if differing == ["fingerprint"] and _version(old) != _version(new):
        return
    if differing:
        what = "; ".join(f"{key}: {old.get(key)!r} there, {new.get(key)!r} here" for key in differing)
        raise FingerprintError(
            f"the collection's vectors were made with another configuration ({what}) and would not be comparable; "
            f"make a new collection for the new encoder"
        )


def _version(config: Mapping[str, Any]) -> str:
    return str(config.get("fingerprint") or "").partition(":")[0]


def portable(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as JSON can hold them: without None, paths as text, a folder as an absolute one.

    Raises:
        OptionError: A path that is not UTF-8.
    """
    out: dict[str, Any] = {}
    for key, value in options.items():
        if value is None:
            continue
        out[key] = os.fspath(value) if isinstance(value, os.PathLike) else value
    model = options.get("model")
    if isinstance(model, str | os.PathLike):
        folder = Path(model).expanduser()
        # As `harakat.model.checkpoints.names.locate` reads it: a short name wins over a folder of the same name.
        if (not isinstance(model, str) or model not in KNOWN_MODELS) and folder.is_dir():
            out["model"] = str(folder.resolve())
    return out
