"""A small checkpoint of harakat-mini's architecture with random weights, for tests to load."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from harakat.model.marked_bert import MarkedBert, MarkedBertConfig
from harakat.model.quantised import save_marked_bert


def write_marked(folder: Path, dims: tuple[int, ...] = (32, 16), pieces: tuple[str, ...] = ()) -> Path:
    """Write config.json, tokenizer.json and model.safetensors: 2 layers, a lexicon of 20 marked pieces.

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
    config = MarkedBertConfig(
        vocab_size=len(vocabulary),
        hidden_size=dims[0],
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * dims[0],
        max_position_embeddings=64,
        lexicon_size=20,
        lexicon_dim=8,
    )
    generator = torch.Generator().manual_seed(1)
    state = MarkedBert(config).state_dict()
    for name, value in state.items():
        if not value.is_floating_point():
            value.copy_(torch.arange(len(value)))
        elif value.dim() == 2:
            value.copy_(torch.randn(value.shape, generator=generator) * (0.5 if name == "marks" else 0.2))
        else:
            value.fill_(0.0 if name.endswith("bias") else 1.0)
    save_marked_bert(folder, config, state, {"matryoshka_dims": list(dims), "spelling": "imlai", "max_length": 64})
    return folder
