"""The family of harakat-mini: marks beside the letters, matrices as int8 on disk, a short path for one text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat.errors import CheckpointError
from harakat.model.families.family import Family, NetworkFiles, OneText, TokenizerOptions
from harakat.model.families.names import MARKED_BERT

if TYPE_CHECKING:
    import torch

    from harakat.arabic.tokenizers.mini import PieceTokenizer
    from harakat.model.families.mini_network import MarkedBert

__all__ = ["MINI"]


def _load(files: NetworkFiles, device: torch.device | str, dtype: torch.dtype) -> MarkedBert:
    import torch

    from harakat.model.families.mini_network import MarkedBert, MarkedBertConfig
    from harakat.model.families.mini_weights import load_state

    config = MarkedBertConfig.from_dict(files.config)
    if files.max_positions > config.max_position_embeddings:
        raise CheckpointError(
            f"{files.folder / 'config.json'}: max_length={files.max_positions}, but the network has "
            f"{config.max_position_embeddings} positions"
        )
    with torch.device("meta"):
        network = MarkedBert(config)
    network.load_state_dict(load_state(files.weights, config), assign=True)
    return network.to(device=device, dtype=dtype)


def _open_tokenizer(folder: Path, options: TokenizerOptions) -> PieceTokenizer:
    from harakat.arabic.tokenizers.mini import PieceTokenizer

    return PieceTokenizer.from_folder(folder, spelling="everyday" if options.spelling == "everyday" else "imlai")


def _one_text(network: Any) -> OneText | None:
    from harakat.model.families.mini_one_text import one_text

    return one_text(network)


MINI = Family(
    model_type=MARKED_BERT,
    load=_load,
    open_tokenizer=_open_tokenizer,
    needs_morphology=lambda folder: False,
    one_text=_one_text,
    tokenizer_choice=False,
    in_transformers=False,
    exports=False,
    gradient_checkpointing=False,
    masked_lm=False,
)
