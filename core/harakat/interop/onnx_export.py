"""NeoAraBERT as an ONNX graph, for runtimes without PyTorch."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat._support.extras import require
from harakat.arabic.tokenizers.vocabulary import load_vocabulary
from harakat.interop.eurobert_export import check_target, exact_state, exportable_tokenizer, write_tokenizer

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["export_onnx"]

_LARGEST_FILE = 2_000_000_000
"""Bytes of weights above which they lie beside the graph; the format's own limit is 2 GiB a file."""


def export_onnx(encoder: Encoder, folder: str | Path, *, network_only: bool = False) -> Path:
    """Write `model.onnx` and a tokenizer that need neither harakat nor PyTorch.

    The graph takes `input_ids` and `attention_mask`, int64 (batch, length), of any batch and any length up to the
    model's, and gives `last_hidden_state`, float32 (batch, length, hidden_size), and `sentence_embedding`, float32
    (batch, dim): the encoder's unit vectors at its dim. Prompts and the maximum length are up to the caller. The
    tokenizer is that of `export_eurobert`, with the same limits.

    Args:
        encoder: Of a NeoAraBERT checkpoint, without segmentation, ``spelling="as-is"``, ``overflow="warn"``.
        folder: A new or empty folder.
        network_only: Write no tokenizer, for an encoder whose Arabic step no `tokenizer.json` can do.

    Returns:
        The folder.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        OptionError: The encoder cannot be written so, or the folder is not empty; nothing is written.
        CheckpointError: The checkpoint's own tokenizer is not the published kind; nothing is written.
    """
    require("onnx", "onnx")
    require("onnxscript", "onnx")
    target = check_target(encoder, folder, "ONNX")
    vocabulary = load_vocabulary(encoder.checkpoint.folder)
    tokenizer = None if network_only else exportable_tokenizer(encoder, vocabulary)
    program = _program(encoder)
    target.mkdir(parents=True, exist_ok=True)
    program.save(str(target / "model.onnx"), external_data=_weight_bytes(encoder) > _LARGEST_FILE)
    if tokenizer is not None:
        write_tokenizer(target, encoder, tokenizer, vocabulary)
    return target


def _weight_bytes(encoder: Encoder) -> int:
    return sum(4 * tensor.numel() for tensor in exact_state(encoder).values())


def _program(encoder: Encoder) -> Any:
    import torch
    from torch import Tensor, nn

    from harakat.interop.transformers_model import NeoAraBERTConfig, NeoAraBERTModel

    raw = dict(encoder.checkpoint.config.raw)
    raw.pop("model_type", None)
    with torch.device("meta"):
        model = NeoAraBERTModel(NeoAraBERTConfig(**raw))
    model.load_state_dict(exact_state(encoder), assign=True)
    dim = encoder.dim

    class Vectors(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
            hidden = self.model(input_ids, attention_mask).last_hidden_state
            weight = attention_mask.to(hidden.dtype)[..., None]
            mean = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
            return hidden, nn.functional.normalize(mean[:, :dim], dim=-1)

    length = model.max_positions
    sample = torch.full((2, min(9, length)), 1, dtype=torch.int64)
    axes = {0: torch.export.Dim("batch", min=1), 1: torch.export.Dim("length", min=1, max=length)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about its own renaming of axes
        return torch.onnx.export(
            Vectors().eval(),
            (sample, torch.ones_like(sample)),
            input_names=["input_ids", "attention_mask"],
            output_names=["last_hidden_state", "sentence_embedding"],
            dynamic_shapes=(axes, axes),
            dynamo=True,
            verbose=False,
        )
