"""NeoAraBERT in EuroBERT's format: a folder that transformers and sentence-transformers load by themselves.

Both are pre-norm encoders with RMSNorm, rotary positions and SwiGLU, and no biases. They differ in how tensors are
cut, and in the pairs that a rotary angle turns: NeoAraBERT takes neighbours (2i, 2i+1) of a head, EuroBERT takes
(i, i + head_dim/2). Scores are sums over pairs, so putting the rows of the query and key projections in another
order makes up for it exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat.arabic.tokenizers.vocabulary import Vocabulary, load_vocabulary
from harakat.errors import OptionError
from harakat.interop.sentence_transformer import refuse_what_others_cannot
from harakat.interop.tokenizer_json import self_contained

if TYPE_CHECKING:
    from torch import Tensor

    from harakat.encoder import Encoder

__all__ = ["check_target", "exact_state", "export_eurobert", "exportable_tokenizer", "write_tokenizer"]


def export_eurobert(encoder: Encoder, folder: str | Path, *, network_only: bool = False) -> Path:
    """Write the encoder as a EuroBERT checkpoint and SentenceTransformer folder that need no harakat.

    ``SentenceTransformer(folder)``, ``AutoModel.from_pretrained(folder)`` and ``AutoTokenizer.from_pretrained(folder)``
    load it without `trust_remote_code`, and give the encoder's ids and vectors (to within float rounding). Runtimes
    that read only `tokenizer.json` get the right ids too: the Arabic step (normalisation, marks apart from letters)
    is rebuilt in its normalisers. Clitic segmentation and everyday spelling cannot be; an encoder that uses them is
    refused.

    Weights are written in float32. Tokenising with the rebuilt step takes 5 to 20 times as long as with harakat: each
    letter of the vocabulary costs one pass over the text (measured: 150 letters, 35,000 words a second; 1,400 letters,
    8,400).

    Args:
        encoder: Of a NeoAraBERT checkpoint, without segmentation, ``spelling="as-is"``, ``overflow="warn"``.
        folder: A new or empty folder.
        network_only: Write `config.json` and `model.safetensors` and no tokenizer, for an encoder whose Arabic step
            cannot be rebuilt. Whoever loads it has to feed it ids from `harakat`.

    Returns:
        The folder.

    Raises:
        OptionError: The encoder cannot be written so, or the folder is not empty; nothing is written.
        CheckpointError: The checkpoint's own tokenizer is not the published kind; nothing is written.
    """
    from safetensors.torch import save_file

    target = check_target(encoder, folder, "the EuroBERT format")
    vocabulary = load_vocabulary(encoder.checkpoint.folder)
    tokenizer = None if network_only else exportable_tokenizer(encoder, vocabulary)
    tensors = _tensors(encoder)
    target.mkdir(parents=True, exist_ok=True)
    _write_json(target / "config.json", _config(encoder, vocabulary))
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    if tokenizer is not None:
        write_tokenizer(target, encoder, tokenizer, vocabulary)
        _write_modules(target, encoder)
    return target


def check_target(encoder: Encoder, folder: str | Path, what: str) -> Path:
    """Return the folder, if it is free and the encoder can be written in another library's format.

    Raises:
        OptionError: It cannot.
    """
    if not encoder.checkpoint.family.exports:
        raise OptionError(f"{encoder.name} has an architecture of harakat's own, which {what} has no place for")
    refuse_what_others_cannot(encoder, what)
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OptionError(f"folder={str(target)!r} is there already and not empty; give a new one")
    return target


def exportable_tokenizer(encoder: Encoder, vocabulary: Vocabulary) -> dict[str, Any]:
    """Build a `tokenizer.json` with the encoder's whole Arabic step inside.

    Raises:
        OptionError: The step holds what no `tokenizer.json` can do.
        CheckpointError: The checkpoint's own tokenizer is not the published kind.
    """
    if encoder.checkpoint.segmentation == "on":
        raise OptionError(
            f"{encoder.name} splits clitics by morphology before its vocabulary, which no tokenizer.json can do; "
            f"exported, it would silently give other ids. Use register_transformers or to_sentence_transformer, "
            f"whose tokenizer does it; or export the network alone with network_only=True and feed it harakat's ids"
        )
    if encoder.spelling != "as-is":
        raise OptionError(
            f"spelling={encoder.spelling!r} is applied before the vocabulary, which no tokenizer.json can do; use "
            f"register_transformers or to_sentence_transformer, or export the network alone with network_only=True"
        )
    return self_contained(vocabulary)


def write_tokenizer(folder: Path, encoder: Encoder, tokenizer: Mapping[str, Any], vocabulary: Vocabulary) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`, for transformers' plain tokenizer class."""
    _write_json(folder / "tokenizer.json", tokenizer, indent=None)
    tokens = {role: f"[{role[:-6].upper()}]" for role in ("unk_token", "cls_token", "sep_token", "mask_token")}
    # Only tokens that the file matches in the text anyway: naming one here would make it such a token.
    added = {token["content"] for token in tokenizer["added_tokens"]}
    pad = vocabulary.tokenizer.id_to_token(vocabulary.pad_id)
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": encoder.max_length,
            "model_input_names": ["input_ids", "attention_mask"],
            "clean_up_tokenization_spaces": False,
            "pad_token": pad,
            **{role: token for role, token in tokens.items() if token in added},
        },
    )


def _config(encoder: Encoder, vocabulary: Vocabulary) -> dict[str, Any]:
    shape = _network(encoder).shape
    first, last = vocabulary.prefix, vocabulary.suffix
    mask = vocabulary.tokenizer.token_to_id("[MASK]")
    return {
        "architectures": ["EuroBertModel"],
        "model_type": "eurobert",
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.ffn_size,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.num_attention_heads,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": shape.max_positions,
        "rms_norm_eps": shape.norm_eps,
        "rope_parameters": {"rope_type": "default", "rope_theta": _rope_theta()},
        "rope_theta": _rope_theta(),
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "pad_token_id": vocabulary.pad_id,
        "bos_token_id": first[0] if first else None,
        "eos_token_id": last[-1] if last else None,
        "mask_token_id": vocabulary.pad_id if mask is None else mask,
        "dtype": "float32",
        "matryoshka_dims": list(encoder.dims),
    }


def _rope_theta() -> float:
    from harakat.model.families.neoarabert_network import ROPE_THETA

    return ROPE_THETA


def _network(encoder: Encoder) -> Any:
    return encoder.checkpoint.network


def exact_state(encoder: Encoder) -> dict[str, Tensor]:
    """Return the network's tensors as the files hold them: float32, on the CPU."""
    from harakat.model.checkpoints.network import load_network

    network: Any = _network(encoder)
    if encoder.dtype != "float32":
        network = load_network(encoder.checkpoint.folder, encoder.checkpoint.config)
    return {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}


def _tensors(encoder: Encoder) -> dict[str, Tensor]:
    """Return the weights, cut and named as EuroBERT has them."""
    state = exact_state(encoder)
    shape = _network(encoder).shape
    heads, head_dim, hidden = shape.num_attention_heads, shape.head_dim, shape.hidden_size
    out = {
        "embed_tokens.weight": state["encoder.weight"],
        "norm.weight": state["layer_norm.weight"],
    }
    for index in range(shape.num_hidden_layers):
        ours, theirs = f"transformer_encoder.{index}.", f"layers.{index}."
        q, k, v = state[ours + "qkv.weight"].view(heads, 3, head_dim, hidden).unbind(1)
        gate, value = state[ours + "ffn.w12.weight"].chunk(2)
        out |= {
            theirs + "self_attn.q_proj.weight": _halves(q),
            theirs + "self_attn.k_proj.weight": _halves(k),
            theirs + "self_attn.v_proj.weight": v.reshape(hidden, hidden),
            theirs + "self_attn.o_proj.weight": state[ours + "wo.weight"],
            theirs + "mlp.gate_proj.weight": gate,
            theirs + "mlp.up_proj.weight": value,
            theirs + "mlp.down_proj.weight": state[ours + "ffn.w3.weight"],
            theirs + "input_layernorm.weight": state[ours + "attention_norm.weight"],
            theirs + "post_attention_layernorm.weight": state[ours + "ffn_norm.weight"],
        }
    return {name: tensor.contiguous().clone() for name, tensor in out.items()}


def _halves(rows: Tensor) -> Tensor:
    """Reorder (heads, head_dim, hidden), pairs side by side, to (hidden, hidden), pairs half a head apart."""
    heads, head_dim, hidden = rows.shape
    return rows.view(heads, head_dim // 2, 2, hidden).transpose(1, 2).reshape(heads * head_dim, hidden)


def _write_modules(folder: Path, encoder: Encoder) -> None:
    """Write the files by which sentence-transformers knows pooling, dim, prompts and length."""
    hidden = _network(encoder).shape.hidden_size
    kinds = ["Transformer", "Pooling", *(["Dense"] if encoder.dim < hidden else []), "Normalize"]
    modules = [
        {
            "idx": index,
            "name": str(index),
            "path": f"{index}_{kind}" if index else "",
            "type": f"sentence_transformers.models.{kind}",
        }
        for index, kind in enumerate(kinds)
    ]
    for module in modules[1:]:
        (folder / str(module["path"])).mkdir()
    _write_json(folder / "modules.json", modules)
    _write_json(
        folder / "1_Pooling" / "config.json", {"word_embedding_dimension": hidden, "pooling_mode_mean_tokens": True}
    )
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": encoder.max_length, "do_lower_case": False})
    _write_json(
        folder / "config_sentence_transformers.json",
        {
            "model_type": "SentenceTransformer",
            "prompts": {"query": encoder.query_prompt, "document": encoder.document_prompt},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    )
    if encoder.dim < hidden:
        _write_prefix(folder / "2_Dense", hidden, encoder.dim)


def _write_prefix(folder: Path, hidden: int, dim: int) -> None:
    """Write the first `dim` values of a vector as a linear layer before the norm."""
    import torch
    from safetensors.torch import save_file

    _write_json(
        folder / "config.json",
        {
            "in_features": hidden,
            "out_features": dim,
            "bias": False,
            "activation_function": "torch.nn.modules.linear.Identity",
        },
    )
    save_file({"linear.weight": torch.eye(dim, hidden)}, folder / "model.safetensors", metadata={"format": "pt"})


def _write_json(path: Path, content: Any, indent: int | None = 2) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")
