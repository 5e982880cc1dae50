"""The finished model as the folder that the encoder reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.model.families.mini_network import MarkedBert
from harakat.model.families.mini_weights import save_marked_bert

__all__ = ["export"]

VERSION = "1"


def export(network: MarkedBert, tokenizer: PieceTokenizer, out: Path, dims: Sequence[int]) -> None:
    """Write ``config.json``, ``model.safetensors`` and ``tokenizer.json`` into the folder `out`.

    Args:
        network: Trained network.
        tokenizer: Its tokenizer.
        out: Folder; made if need be.
        dims: Matryoshka dimensions that were trained.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(tokenizer.to_json(), "utf-8")
    extra = {
        "version": VERSION,
        "spelling": tokenizer.spelling,
        "pooling": "mean",
        "matryoshka_dims": list(dims),
        "max_length": network.config.max_position_embeddings,
        "pad_token_id": tokenizer.pad_id,
        "prompts": {},
    }
    save_marked_bert(out, network.config, network.state_dict(), extra)
