"""Training and fine-tuning: the published recipe as configuration, on sentence-transformers' trainer and losses.

`fine_tune` trains a model on a file of triplets; `train` runs a whole `Recipe`, such as the shipped phases
(`shipped_recipes`, `load_recipe`). `harakat_recipes.mini` holds the recipe of the bundled model, and
`harakat.training.pretraining` makes a new NeoAraBERT. Needs the extra ``train``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harakat._support.lazy import lazy_names

if TYPE_CHECKING:
    from harakat.data.source import Source
    from harakat.training.config import Recipe, load_recipe, shipped_recipes
    from harakat.training.finetune import fine_tune
    from harakat.training.planning import Plan, plan
    from harakat.training.run import Trained, train

__all__ = ["Plan", "Recipe", "Source", "Trained", "fine_tune", "load_recipe", "plan", "shipped_recipes", "train"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "harakat.training.config": ("Recipe", "Source", "load_recipe", "shipped_recipes"),
        "harakat.training.finetune": ("fine_tune",),
        "harakat.training.planning": ("Plan", "plan"),
        "harakat.training.run": ("Trained", "train"),
    },
    __all__,
)
