"""Small checkpoints with random weights, in the layout of the published ones, for tests to load."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from harakat.arabic.tokenizers.published import prepare

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

SAMPLE_TEXTS = [
    "بِسْمِ اللَّهِ الرَّحْمَنِ الرَّحِيمِ",
    "الْعِلْمُ نُورٌ وَالْجَهْلُ ظَلَامٌ",
    "رَفَعَ الْجُنْدِيُّ عَلَمَ بِلَادِهِ فَوْقَ الْقَلْعَةِ",
    "كتب الطالب الدرس في المكتبة ثم عاد إلى البيت",
    "إِنَّمَا الأَعْمَالُ بِالنِّيَّاتِ وَإِنَّمَا لِكُلِّ امْرِئٍ مَا نَوَى",
    "قال الشاعر: وما نيل المطالب بالتمني، ولكن تؤخذ الدنيا غلابا!",
    "ٱلۡحَمۡدُ لِلَّهِ رَبِّ ٱلۡعَٰلَمِينَ",
    "hello world 123 مرحبا",
]

DEFAULT_CONFIG: dict[str, Any] = {
    "model_type": "neoarabert",
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "norm_eps": 1e-5,
    "pad_token_id": 0,
    "max_position_embeddings": 128,
    "rms_norm": True,
    "rope": True,
    "hidden_act": "swiglu",
    "dropout": 0.0,
}


def write_tokenizer(
    folder: Path, *, vocab_size: int = 400, apply_stemming: bool = False, texts: Sequence[str] = SAMPLE_TEXTS
) -> int:
    """Write tokenizer.json and tokenizer_config.json over a vocabulary of the texts' letters and commonest pieces.

    The vocabulary is counted rather than trained, since the trainer breaks ties at random.

    Returns:
        The number of vocabulary entries.
    """
    pieces = Counter(piece for text in texts for piece in prepare(text, "[+]").split())
    letters = sorted({letter for piece in pieces for letter in piece})
    common = sorted((piece for piece in pieces if len(piece) > 1), key=lambda piece: (-pieces[piece], piece))
    entries = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *common][:vocab_size]
    vocabulary = {entry: index for index, entry in enumerate(entries)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "apply_stemming": apply_stemming,
        "stemming_separator": "[+]",
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
        "tokenizer_class": "NeoAraBERTTokenizer",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return tokenizer.get_vocab_size()


def random_weights(config: dict[str, Any], seed: int = 0) -> dict[str, torch.Tensor]:
    """Tensors of a base export, as the published checkpoint names them."""
    generator = torch.Generator().manual_seed(seed)
    hidden, vocab = config["hidden_size"], config["vocab_size"]
    ffn = (int(2 * config["intermediate_size"] / 3) + 7) // 8 * 8

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator) * size[-1] ** -0.5

    weights = {"encoder.weight": normal(vocab, hidden) * 4, "layer_norm.weight": 1 + 0.1 * normal(hidden)}
    for i in range(config["num_hidden_layers"]):
        block = f"transformer_encoder.{i}."
        weights[block + "qkv.weight"] = normal(3 * hidden, hidden)
        weights[block + "wo.weight"] = normal(hidden, hidden)
        weights[block + "ffn.w12.weight"] = normal(2 * ffn, hidden)
        weights[block + "ffn.w3.weight"] = normal(hidden, ffn)
        weights[block + "attention_norm.weight"] = 1 + 0.1 * normal(hidden)
        weights[block + "ffn_norm.weight"] = 1 + 0.1 * normal(hidden)
    return weights


def write_tiny(
    folder: Path,
    *,
    seed: int = 0,
    dims: Sequence[int] | None = (64, 32, 16),
    apply_stemming: bool = False,
    weights: bool = True,
    **config: Any,
) -> Path:
    """Write a whole NeoAraBERT checkpoint folder with random weights.

    Args:
        folder: Made if needed.
        seed: Of the weights; another seed gives another model of the same size.
        dims: Matryoshka dims to write into config.json; None writes none.
        apply_stemming: For tokenizer_config.json.
        weights: Whether to write model.safetensors.
        **config: Entries of config.json to change.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = write_tokenizer(folder, apply_stemming=apply_stemming)
    full = {**DEFAULT_CONFIG, "vocab_size": size, **config}
    if dims is not None:
        full["matryoshka_dims"] = list(dims)
    (folder / "config.json").write_text(json.dumps(full), encoding="utf-8")
    if weights:
        save_file(random_weights(full, seed), folder / "model.safetensors")
    return folder
