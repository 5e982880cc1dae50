"""The names of the families (`model_type` of config.json), and the only place that compares them.

Apart from the networks, so that reading a config imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harakat.errors import CheckpointError

__all__ = ["EVERYDAY_FORMAT", "MARKED_BERT", "NEOARABERT", "check_model_type", "is_neoarabert"]

NEOARABERT = "neoarabert"
MARKED_BERT = "harakat-marked-bert"

EVERYDAY_FORMAT = 3
"""Format in ``config.json`` from which on texts are read by all rules of `harakat.arabic.to_everyday`."""


def check_model_type(raw: Mapping[str, Any], expected: str) -> None:
    """Refuse the config of another family.

    Raises:
        CheckpointError: Its `model_type` is not the expected one.
    """
    if raw.get("model_type") != expected:
        raise CheckpointError(f"config.json: model_type={raw.get('model_type')!r}, expected {expected!r}")


def is_neoarabert(model_type: object) -> bool:
    """Return True for the `model_type` of NeoAraBERT, whose config another library has read."""
    return model_type == NEOARABERT
