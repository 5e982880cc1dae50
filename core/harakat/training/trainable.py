"""Checkpoints to be trained, and trained models written as checkpoints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat.errors import DimError, OptionError
from harakat.interop import to_sentence_transformer

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from harakat.encoder import Encoder
    from harakat.training.config import Recipe

__all__ = ["Trainable", "open_trainable"]

LINEAGE = "training.json"
"""File beside a trained model with its origin: start, data and recipe."""


class Trainable:
    """A SentenceTransformer whose weights move, over a copy of an encoder's network.

    Args:
        encoder: The starting model, on the CPU, with the training length.
        dims: Matryoshka dims to train; None for the checkpoint's own. The full size is always among them.

    Raises:
        DimError: A dim that the model does not have.
    """

    def __init__(self, encoder: Encoder, dims: Sequence[int] | None) -> None:
        self.encoder = encoder
        full = encoder.dims[0]
        for dim in dims or ():
            if dim > full:
                raise DimError(f"dims: {dim} is over the {full} values of {encoder.name!r}; leave it out")
        self.dims = tuple(sorted({full, *(dims or encoder.dims)}, reverse=True))
        self.native = encoder.checkpoint.family.in_transformers
        self.model: SentenceTransformer = to_sentence_transformer(encoder)
        self.model.requires_grad_(True)

    def save(self, folder: Path, card: str, lineage: dict[str, Any], *, exact: bool) -> None:
        """Write a folder that `Encoder` opens.

        Args:
            folder: Made; must not exist.
            card: Text of its README.md.
            lineage: Content of its ``training.json``.
            exact: Store harakat-mini's weights as float32 instead of int8.
        """
        folder.mkdir(parents=True)
        if self.native:
            self._save_native(folder)
        else:
            self._save_marked(folder, exact)
        (folder / "README.md").write_text(card, encoding="utf-8")
        (folder / LINEAGE).write_text(json.dumps(lineage, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    def _save_native(self, folder: Path) -> None:
        transformer: Any = self.model[0]
        transformer.model.config.matryoshka_dims = list(self.dims)
        self.model.max_seq_length = self.encoder.checkpoint.config.max_length
        self.model.save_pretrained(str(folder), create_model_card=False)

    def _save_marked(self, folder: Path, exact: bool) -> None:
        from harakat.model.families.mini_network import MarkedBertConfig
        from harakat.model.families.mini_weights import save_marked_bert

        source = self.encoder.checkpoint
        network: Any = self.model[0].network
        known = {"model_type", *(field.name for field in fields(MarkedBertConfig))}
        extra = {key: value for key, value in source.config.raw.items() if key not in known}
        extra["matryoshka_dims"] = list(self.dims)
        state = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
        save_marked_bert(folder, network.config, state, extra, exact=exact)
        shutil.copyfile(source.folder / "tokenizer.json", folder / "tokenizer.json")


def open_trainable(recipe: Recipe, start: str) -> Trainable:
    """Open the starting model of a recipe.

    Args:
        recipe: Gives the training length, the dims and the options of the tokenizer.
        start: A short name, a folder, or a hub id.

    Raises:
        OptionError: An option that the model cannot have.
        ModelError: The model cannot be opened; see `harakat.Encoder`.
    """
    from harakat.encoder import Encoder

    options: dict[str, Any] = {
        "revision": recipe.revision,
        "segmentation": recipe.segmentation,
        "spelling": recipe.spelling,
        "morphology": recipe.morphology,
    }
    encoder = Encoder(
        start,
        device="cpu",
        max_length=recipe.max_length,
        **{key: value for key, value in options.items() if value is not None},
    )
    if recipe.gradient_checkpointing and not encoder.checkpoint.family.gradient_checkpointing:
        raise OptionError(
            f"gradient_checkpointing=true: {encoder.name!r} is of harakat's own architecture, which has none; set "
            f"mini_batch_size to save memory"
        )
    return Trainable(encoder, recipe.dims)
