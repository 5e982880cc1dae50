"""The family of NeoAraBERT, as published: marks as tokens, clitics split by morphology, plain float weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harakat.model.families.family import Family, NetworkFiles, TokenizerOptions
from harakat.model.families.names import NEOARABERT

if TYPE_CHECKING:
    import torch

    from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
    from harakat.model.families.neoarabert_network import NeoAraBERT

__all__ = ["NEOARABERT_FAMILY"]


def _load(files: NetworkFiles, device: torch.device | str, dtype: torch.dtype) -> NeoAraBERT:
    import torch

    from harakat.model.families.neoarabert_network import NeoAraBERT
    from harakat.model.families.neoarabert_weights import load_state, neoarabert_shape

    with torch.device("meta"):
        network = NeoAraBERT(neoarabert_shape(files.config, files.max_positions, files.folder / "config.json"))
    network.reset_rotary("cpu")
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    network.load_state_dict(load_state(files.folder, files.weights, shapes), assign=True)
    network.to(device=device, dtype=dtype)
    network.reset_rotary(device)  # stays float32 whatever the dtype of the weights
    return network


def _open_tokenizer(folder: Path, options: TokenizerOptions) -> ArabicTokenizer:
    from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer

    return ArabicTokenizer.from_folder(
        folder,
        segmentation=options.segmentation,
        morphology=options.morphology,
        spelling=options.spelling,  # type: ignore[arg-type]
    )


def _needs_morphology(folder: Path) -> bool:
    from harakat.arabic.tokenizers.vocabulary import load_vocabulary

    return load_vocabulary(folder).apply_stemming


NEOARABERT_FAMILY = Family(
    model_type=NEOARABERT,
    load=_load,
    open_tokenizer=_open_tokenizer,
    needs_morphology=_needs_morphology,
    one_text=lambda network: None,
    tokenizer_choice=True,
    in_transformers=True,
    exports=True,
    gradient_checkpointing=True,
    masked_lm=True,
)
