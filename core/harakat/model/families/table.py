"""The families of networks by their `model_type`. A new family is a module beside this one and an entry here."""

from __future__ import annotations

from collections.abc import Mapping

from harakat.model.families.family import Family
from harakat.model.families.mini import MINI
from harakat.model.families.neoarabert import NEOARABERT_FAMILY

__all__ = ["FAMILIES"]

FAMILIES: Mapping[str, Family] = {family.model_type: family for family in (NEOARABERT_FAMILY, MINI)}
