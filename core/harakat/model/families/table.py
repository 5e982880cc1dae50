"""The families of networks by their `model_type`. A new family is a module beside this one and an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harakat.errors import CheckpointError
from harakat.model.families.family import Family
from harakat.model.families.mini import MINI
from harakat.model.families.names import NEOARABERT
from harakat.model.families.neoarabert import NEOARABERT_FAMILY

__all__ = ["FAMILIES", "family_of"]

FAMILIES: Mapping[str, Family] = {family.model_type: family for family in (NEOARABERT_FAMILY, MINI)}


def family_of(raw: Mapping[str, Any], path: object) -> Family:
    """Return the family of a config.

    Args:
        raw: Content of the config.
        path: Its file, for the error.

    Raises:
        CheckpointError: harakat has no network for its `model_type`, or it has none.
    """
    named = raw.get("model_type")
    family = FAMILIES.get(named) if isinstance(named, str) else None
    if family is None:
        own = ", ".join(repr(name) for name in FAMILIES.keys() - {NEOARABERT})
        raise CheckpointError(
            f"{path}: model_type={named!r}; harakat reads {NEOARABERT!r} checkpoints (and its own {own}). For another "
            f"model use its own library"
        )
    return family
