"""Starts of runs: a checkpoint opened to be trained, or made anew, and written again when it is trained."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harakat._support.files import whole_folder
from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.arabic.tokenizers.vocabulary import load_vocabulary
from harakat.encoder import Encoder
from harakat.errors import OptionError
from harakat.model.checkpoints.network import load_network
from harakat.model.families.names import NEOARABERT
from harakat.model.families.neoarabert_network import NeoAraBERT
from harakat.training.pretraining.masked_lm import fresh_network
from harakat.training.pretraining.settings import PretrainSettings
from harakat.training.trainable import Trainable

__all__ = ["FreshTokenizer", "Start", "copy_tokenizer", "write_fresh"]


class Start:
    """A NeoAraBERT checkpoint whose weights may move.

    Args:
        model: A name, folder or hub id, as in `harakat.Encoder`.
        dims: Matryoshka dims of the finished model; None for the checkpoint's own.
        max_length: Longest training sequence, in tokens.
        morphology: As in `harakat.Encoder`.

    Attributes:
        encoder: The checkpoint as it was.
        network: A float32 copy of its network, to be trained.
        vocabulary: The tokenizer's files.
        tokenizer: Reads texts that `spell` has been over.
        dims: Largest first.

    Raises:
        OptionError: It is harakat-mini's architecture, or an option does not suit it.
        ModelError: It cannot be opened.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        dims: Sequence[int] | None = None,
        max_length: int = 128,
        morphology: str | None = None,
    ) -> None:
        options: dict[str, Any] = {} if morphology is None else {"morphology": morphology}
        self.encoder = Encoder(model, device="cpu", max_length=max_length, **options)
        loaded = self.encoder.checkpoint
        if not loaded.family.masked_lm:
            raise OptionError(
                f"{self.encoder.name!r} is harakat-mini's architecture, which takes marks beside the letters; train "
                f"it with harakat_recipes.mini or harakat train, or start from a NeoAraBERT"
            )
        self._trainable = Trainable(self.encoder, dims)
        self.dims = self._trainable.dims
        network = load_network(loaded.folder, loaded.config)
        assert isinstance(network, NeoAraBERT)  # the only network of that kind
        self.network = network.train().requires_grad_(True)
        self.vocabulary = load_vocabulary(loaded.folder)
        self.tokenizer = ArabicTokenizer.from_folder(loaded.folder, morphology=morphology)

    def spell(self, texts: Sequence[str]) -> list[str]:
        """Return texts in the spelling that the checkpoint reads."""
        from harakat.arabic.spelling.imlai import canonical_spelling

        return [canonical_spelling(text) for text in texts] if self.encoder.spelling == "imlai" else list(texts)

    @property
    def facts(self) -> dict[str, Any]:
        """Facts that a resumed run must find again."""
        return {"model": self.encoder.name, "fingerprint": str(self.encoder.fingerprint)}

    def save(self, folder: Path, card: str, lineage: dict[str, Any]) -> None:
        """Write the network as it is now, in the published layout.

        Args:
            folder: Made; must not exist.
            card: Text of its README.md.
            lineage: Content of its ``training.json``.
        """
        first: Any = self._trainable.model[0]
        first.model.load_state_dict({name: tensor.cpu() for name, tensor in self.network.state_dict().items()})
        self._trainable.save(folder, card, lineage, exact=True)


@dataclass(frozen=True)
class FreshTokenizer:
    """The tokenizer of a network that does not exist yet.

    Attributes:
        size: Number of its pieces.
        spelling: The spelling that it was learnt from.
        save: Function that writes its files into a folder.
        digest: Digest of a given tokenizer; ``""`` for one that follows from texts and settings.
    """

    size: int
    spelling: str
    save: Callable[[Path], None]
    digest: str = ""


def copy_tokenizer(source: Path, folder: Path) -> None:
    """Copy the files of a tokenizer.

    Args:
        source: Has `tokenizer.json` and, as a rule, `tokenizer_config.json`.
        folder: To copy them into.
    """
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (source / name).exists():
            shutil.copyfile(source / name, folder / name)


def write_fresh(folder: Path, settings: PretrainSettings, tokenizer: FreshTokenizer) -> None:
    """Write a checkpoint with random weights; it appears last and at once.

    Args:
        folder: Made, if it is not there yet.
        settings: The network's dimensions and the seed.
        tokenizer: Its tokenizer.
    """
    from safetensors.torch import save_file

    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(folder) as partial:
        partial.mkdir()
        tokenizer.save(partial)
        shape = settings.shape(tokenizer.size)
        values = asdict(shape)
        config = {
            "model_type": NEOARABERT,
            **{name: value for name, value in values.items() if name not in ("max_positions", "pad_id")},
            "max_position_embeddings": shape.max_positions,
            "pad_token_id": shape.pad_id,
            "rms_norm": True,
            "rope": True,
            "hidden_act": "swiglu",
            "spelling": tokenizer.spelling,
            "matryoshka_dims": settings.dims,
        }
        (partial / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        length = json.dumps({"max_seq_length": settings.max_length})
        (partial / "sentence_bert_config.json").write_text(length + "\n", encoding="utf-8")
        save_file(dict(fresh_network(shape, settings.seed).state_dict()), partial / "model.safetensors")
