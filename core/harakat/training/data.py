"""Data sets of a recipe as the trainer takes them."""

from __future__ import annotations

from typing import Any

from harakat.data.loading import LoadedSource
from harakat.errors import OptionError
from harakat.training.config import Recipe

__all__ = ["to_datasets"]


def to_datasets(recipe: Recipe, loaded: list[LoadedSource]) -> Any:
    """Make a `datasets.Dataset` of all rows, or a `DatasetDict` with one data set a source, by the recipe's mixing.

    Raises:
        OptionError: Triplets and pairs cannot lie in one heap.
    """
    from datasets import Dataset, DatasetDict

    if recipe.mixing != "concatenate":
        return DatasetDict({source.name: Dataset.from_dict(_by_column([source])) for source in loaded})
    kinds = {source.columns: source.name for source in loaded}
    if len(kinds) > 1:
        names = " and ".join(repr(name) for name in kinds.values())
        raise OptionError(
            f"recipe: mixing='concatenate', but {names} have different columns (triplets and pairs); set "
            f"mixing='proportional'"
        )
    return Dataset.from_dict(_by_column(loaded))


def _by_column(loaded: list[LoadedSource]) -> dict[str, list[str]]:
    columns = loaded[0].columns
    return {name: [row[place] for s in loaded for row in s.rows] for place, name in enumerate(columns)}
