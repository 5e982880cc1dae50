"""A small checkpoint of harakat-mini's architecture with random weights, for tests to load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from harakat.model.checkpoints.config import read_config
from harakat.model.checkpoints.network import weight_files
from harakat.model.families.mini_network import MarkedBert, MarkedBertConfig
from harakat.model.families.mini_weights import load_state, save_marked_bert
from harakat.model.layers.dictionary import key_of, piece_tables


def write_marked(folder: Path, dims: tuple[int, ...] = (32, 16), pieces: tuple[str, ...] = ()) -> Path:
    """Write config.json, tokenizer.json and model.safetensors: 2 layers, a dictionary of `pieces` or of two words.

    Args:
        folder: Made where it is missing.
        dims: Matryoshka dims, the model's own size first.
        pieces: Of the vocabulary, beside single letters.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    vocabulary += [(piece, -6.0) for piece in pieces]
    vocabulary += [(letter, -8.0) for letter in "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةى،."]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    known = sorted({piece.removeprefix("▁") for piece in pieces if len(piece) > 1} | {"كتاب", "علم"})
    config = MarkedBertConfig(
        vocab_size=len(vocabulary),
        hidden_size=dims[0],
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * dims[0],
        max_position_embeddings=64,
        dictionary_keys=len(known),
        dictionary_entries=len(known),
        dictionary_readings=len(known),
        dictionary_dim=8,
    )
    generator = torch.Generator().manual_seed(1)
    state = MarkedBert(config).state_dict()
    piece_keys, piece_letters = piece_tables([piece for piece, _ in vocabulary], range(4))
    numbers = {
        "piece_keys": torch.from_numpy(piece_keys),
        "piece_letters": torch.from_numpy(piece_letters),
        "keys": torch.tensor(sorted(key_of(word) for word in known)),
        "spots": 8 * torch.arange(len(known)),
        "first": torch.arange(len(known) + 1),
        "codes": torch.zeros(len(known), dtype=torch.int64),
    }
    for name, value in state.items():
        if not value.is_floating_point():
            value.copy_(numbers[name.removeprefix("dictionary.")])
        elif value.dim() == 2:
            value.copy_(torch.randn(value.shape, generator=generator) * (0.5 if name == "marks" else 0.2))
        else:
            value.fill_(0.0 if name.endswith("bias") else 1.0)
    save_marked_bert(folder, config, state, {"matryoshka_dims": list(dims), "spelling": "imlai", "max_length": 64})
    return folder


def read_marked(folder: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read a folder of that architecture back: the content of config.json, and the float32 weights."""
    raw = dict(read_config(folder).raw)
    return raw, load_state(weight_files(folder).paths, MarkedBertConfig.from_dict(raw))
