"""Recipes: a training run as configuration, checked before anything is read or written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from harakat._support.option_checks import refuse_unknown
from harakat._support.setting_checks import check_flag, check_number, check_one_of, check_text, check_whole
from harakat.data.source import FORMATS, NAME, Source
from harakat.errors import OptionError
from harakat.training.checks import check_dims, read_object
from harakat.training.schedule import Schedule

__all__ = ["Recipe", "load_recipe", "shipped_recipes"]

MIXING = ("concatenate", "proportional", "round_robin")
STORAGE = ("float32", "int8")
_SHIPPED = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe(Schedule):
    """Settings that decide a training run, besides the texts themselves; steps and rates are in `Schedule`.

    Attributes:
        name: The recipe's name; its output lies in ``runs/<name>`` by default.
        description: For people.
        follows: The recipe whose finished model this one starts from, found beside this one's output, unless
            `start` names a model.
        start: The model to start from: a short name, a folder, or a hub id.
        revision: Branch, tag or commit of a hub model.
        segmentation: As in `harakat.Encoder`; None for the checkpoint's own setting.
        spelling: As in `harakat.Encoder`; None for the checkpoint's own setting.
        morphology: As in `harakat.Encoder`; None for the checkpoint's own setting.
        data: The data sets.
        mixing: ``"concatenate"`` puts all rows into one heap; ``"proportional"`` and ``"round_robin"`` draw each
            batch from one data set, by size or in turn (needed where triplets and pairs meet).
        max_length: Number of tokens that a training text is cut to; the finished model keeps the starting model's own
            length.
        mini_batch_size: Number of rows that pass through the network at once, with gradients cached in between
            (GradCache); the same loss in less memory. None for a whole batch at once.
        scale: The factor of the cosines in MultipleNegativesRankingLoss.
        dims: Matryoshka dims to train, the full size always among them; None for the starting checkpoint's.
        gradient_checkpointing: Take less memory and more time; NeoAraBERT only.
        storage: Format of a finished harakat-mini: ``"float32"`` is exact, ``"int8"`` a quarter of the size.
    """

    name: str
    data: tuple[Source, ...]
    description: str = ""
    follows: str | None = None
    start: str | None = None
    revision: str | None = None
    segmentation: bool | None = None
    spelling: str | None = None
    morphology: str | None = None
    mixing: str = "concatenate"
    max_length: int = 128
    mini_batch_size: int | None = None
    scale: float = 20.0
    dims: tuple[int, ...] | None = None
    gradient_checkpointing: bool = False
    storage: str = "float32"

    def __post_init__(self) -> None:
        where = "recipe"
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise OptionError(f"recipe: name={self.name!r} is not made of lower-case letters, digits and hyphens")
        check_text(where, "description", self.description)
        for name in ("follows", "start", "revision", "spelling", "morphology"):
            if getattr(self, name) is not None:
                check_text(where, name, getattr(self, name))
        if self.start is None and self.follows is None:
            raise OptionError("recipe: start=None; name the model to start from, such as 'harakat-mini'")
        if self.segmentation is not None:
            check_flag(where, "segmentation", self.segmentation)
        self.check_schedule(where)
        check_whole(where, "max_length", self.max_length, least=1)
        if self.mini_batch_size is not None:
            check_whole(where, "mini_batch_size", self.mini_batch_size, least=1)
        check_flag(where, "gradient_checkpointing", self.gradient_checkpointing)
        check_number(where, "scale", self.scale, above=0.0)
        object.__setattr__(self, "dims", check_dims(where, self.dims))
        check_one_of(where, "mixing", self.mixing, MIXING)
        check_one_of(where, "storage", self.storage, STORAGE)
        if self.batch_size < 2:
            raise OptionError("recipe: batch_size=1, but the other rows of a batch are the negatives; take 2 or more")
        if self.mini_batch_size is not None and self.mini_batch_size > self.batch_size:
            raise OptionError(
                f"recipe: mini_batch_size={self.mini_batch_size} is over batch_size={self.batch_size}; it is the part "
                f"of a batch that passes through the network at once"
            )
        if self.mini_batch_size is not None and self.gradient_checkpointing:
            raise OptionError(
                "recipe: mini_batch_size and gradient_checkpointing both save memory and do not work together; choose "
                "one (set gradient_checkpointing=false)"
            )
        object.__setattr__(self, "data", tuple(self.data))
        names = [source.name for source in self.data]
        for name in names:
            if names.count(name) > 1:
                raise OptionError(f"recipe: two data sets are called {name!r}; each needs a name of its own")
        if not self.sources:
            raise OptionError("recipe: no data set is left; give one with a path or a hub id and rows other than 0")

    @property
    def sources(self) -> tuple[Source, ...]:
        """Data sets that are not left out with ``rows=0``."""
        return tuple(source for source in self.data if source.rows != 0)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], origin: str = "recipe") -> Recipe:
        """Make a recipe of parsed JSON.

        Args:
            values: Fields of `Recipe`; `data` is a list of objects with fields of `Source`.
            origin: Its name in messages.

        Raises:
            OptionError: An unknown field, a missing one, or an impossible value; names it.
        """
        _object(values, cls, origin)
        data = values["data"]
        if not isinstance(data, Sequence) or isinstance(data, str) or not all(isinstance(d, Mapping) for d in data):
            raise OptionError(f"{origin}: data={data!r} is not a list of objects, one a data set")
        sources = []
        for item in data:
            _object(item, Source, f"{origin}: data.{item.get('name', '?')}")
            sources.append(Source(**item))
        return cls(**{**values, "data": tuple(sources)})

    def changed(self, changes: Mapping[str, Any]) -> Recipe:
        """Return the recipe with fields changed.

        Args:
            changes: New values by field; ``data.NAME.FIELD`` and ``data.NAME.columns.COLUMN`` reach into a data set.

        Raises:
            OptionError: No such field or data set, or an impossible value.
        """
        own: dict[str, Any] = {}
        sources = {source.name: source for source in self.data}
        for key, value in changes.items():
            head, *rest = key.split(".")
            if head != "data" or not rest:
                refuse_unknown([key], _field_names(Recipe), "a recipe")
                own[key] = value
                continue
            refuse_unknown([rest[0]], sources, f"the recipe {self.name!r}, under data,")
            if len(rest) < 2:
                raise OptionError(f"{key}={value!r}: say which field of it, such as {key}.path")
            source = sources[rest[0]]
            if rest[1] == "columns" and len(rest) == 3:
                refuse_unknown([rest[2]], FORMATS[source.format], f"data.{source.name}.columns")
                sources[source.name] = replace(source, columns={**source.columns, rest[2]: value})
                continue
            refuse_unknown([".".join(rest[1:])], _field_names(Source), f"data.{source.name}")
            sources[source.name] = _with_place(source, rest[1], value)
        if "data" not in own:
            own["data"] = tuple(sources.values())
        elif not isinstance(own["data"], tuple):
            return Recipe.from_dict({**self.as_dict(), **own})
        return replace(self, **own)


def _with_place(source: Source, name: str, value: Any) -> Source:
    """Return a source with one field changed; a new `path` takes the place of `hub`, and the other way round."""
    other = {"path": "hub", "hub": "path"}.get(name)
    changes: dict[str, Any] = {name: value}
    if other is not None and value is not None:
        changes[other] = None
    return replace(source, **changes)


def shipped_recipes() -> list[Recipe]:
    """Return the recipes that come with the package, in the order they are run."""
    return [_read(path) for path in sorted(_SHIPPED.glob("*.json"), key=lambda p: (p.stem == "fine-tune", p.stem))]


def load_recipe(name: str | os.PathLike[str], changes: Mapping[str, Any] | None = None) -> Recipe:
    """Return a recipe by name or from a JSON file.

    Args:
        name: The name of a shipped recipe (see `shipped_recipes`), or a file.
        changes: Fields to change; see `Recipe.changed`.

    Raises:
        OptionError: There is none, it is not JSON, or a field is unknown or impossible.
    """
    text = os.fspath(name)
    shipped = {path.stem: path for path in _SHIPPED.glob("*.json")}
    path = shipped.get(text)
    if path is None:
        path = Path(text).expanduser()
        if not path.is_file():
            raise OptionError(f"{text!r} is no recipe and no file; there are: {', '.join(sorted(shipped))}")
    recipe = _read(path)
    return recipe.changed(changes) if changes else recipe


def _read(path: Path) -> Recipe:
    return Recipe.from_dict(read_object(path, "the fields of a recipe"), path.name)


def _field_names(kind: type) -> list[str]:
    return [item.name for item in fields(kind)]


def _object(values: Mapping[str, Any], kind: type, origin: str) -> None:
    refuse_unknown(values, _field_names(kind), origin)
    for name in ("name", "data") if kind is Recipe else ("name",):
        if name not in values:
            raise OptionError(f"{origin}: {name} is missing")
