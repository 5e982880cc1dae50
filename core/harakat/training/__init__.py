"""Training and fine-tuning: the published recipe as configuration, on sentence-transformers' trainer and losses.

`fine_tune` trains a model on a file of triplets; `train` runs a whole `Recipe`, such as the shipped phases
(`shipped_recipes`, `load_recipe`). `harakat_recipes.mini` holds the recipe of the bundled model, and
`harakat.training.pretraining` makes a new NeoAraBERT. Needs the extra ``train``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harakat.data.source import Source
    from harakat.training.config import Recipe, load_recipe, shipped_recipes
    from harakat.training.finetune import fine_tune
    from harakat.training.planning import Plan, plan
    from harakat.training.run import Trained, train

__all__ = ["Plan", "Recipe", "Source", "Trained", "fine_tune", "load_recipe", "plan", "shipped_recipes", "train"]

_HOMES = {
    **dict.fromkeys(("Recipe", "Source", "load_recipe", "shipped_recipes"), "config"),
    **dict.fromkeys(("Plan", "plan"), "planning"),
    **dict.fromkeys(("Trained", "train"), "run"),
    "fine_tune": "finetune",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"harakat.training.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harakat.training' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
