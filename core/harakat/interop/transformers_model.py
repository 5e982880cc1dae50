"""NeoAraBERT as a transformers model: our blocks, tensors named as in the published checkpoints.

Nothing is stored that a loader could leave uninitialised: rotary angles are computed in each forward pass.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from harakat.errors import CheckpointError, OptionError
from harakat.model.checkpoints.network import weight_files
from harakat.model.families.names import NEOARABERT
from harakat.model.families.neoarabert_network import Block, rotary_table
from harakat.model.families.neoarabert_weights import neoarabert_shape
from harakat.model.layers.attention import Attention, PaddedAttention

__all__ = ["NeoAraBERTConfig", "NeoAraBERTModel"]


class NeoAraBERTConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """The content of a NeoAraBERT checkpoint's `config.json`.

    Entries that are not named here (`matryoshka_dims`, `spelling`, …) are kept and saved again; `auto_map` is
    dropped, so that no reference to the folder's Python files survives.

    Args:
        vocab_size: Rows of the embedding.
        hidden_size: Width of a token's vector.
        num_hidden_layers: Encoder blocks.
        num_attention_heads: Heads a block.
        intermediate_size: Nominal feed-forward width (the real one is two thirds of it, see
            `harakat.model.families.neoarabert_network.NeoAraBERTShape`).
        norm_eps: Epsilon of every RMSNorm.
        max_position_embeddings: Longest sequence in tokens.
        pad_token_id: Id of the padding token.
        max_length: Older files' name for `max_position_embeddings`, which it overrides.
        embedding_init_range: Bound of the uniform distribution that fresh embeddings are drawn from.
        decoder_init_range: The same for fresh linear layers.
        **kwargs: Everything else.
    """

    model_type = NEOARABERT

    def __init__(
        self,
        vocab_size: int = 65_000,
        hidden_size: int = 768,
        num_hidden_layers: int = 28,
        num_attention_heads: int = 12,
        intermediate_size: int = 3072,
        norm_eps: float = 1e-5,
        max_position_embeddings: int = 1024,
        pad_token_id: int | None = 0,
        max_length: int | None = None,
        embedding_init_range: float = 0.02,
        decoder_init_range: float = 0.02,
        **kwargs: Any,
    ) -> None:
        for name in ("auto_map", "trust_remote_code"):
            kwargs.pop(name, None)
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.intermediate_size = intermediate_size
        self.norm_eps = norm_eps
        self.max_position_embeddings = max_position_embeddings if max_length is None else max_length
        self.embedding_init_range = embedding_init_range
        self.decoder_init_range = decoder_init_range
        super().__init__(pad_token_id=pad_token_id, **kwargs)  # type: ignore[call-arg]


class NeoAraBERTModel(PreTrainedModel):  # type: ignore[no-untyped-call]
    """The NeoAraBERT encoder under transformers' interface: token ids in, last hidden states out.

    Masked-LM and classification heads of a checkpoint are left aside. In contrast to other models of the library,
    a checkpoint must be complete, finite and in safetensors, and it is loaded in float32 unless `dtype` says
    otherwise.
    """

    config_class = NeoAraBERTConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    _no_split_modules = ["Block"]  # noqa: RUF012 - the library declares it so
    _supports_sdpa = True
    _input_embed_layer = "encoder"
    _keys_to_ignore_on_load_unexpected = [  # noqa: RUF012
        r"^(model\.)?(decoder|classifier|dense|dropout|lm_head)\.",
        r"(^|\.)freqs_cis$",
    ]

    def __init__(self, config: NeoAraBERTConfig) -> None:
        super().__init__(config)
        raw = {key: value for key, value in vars(config).items() if not key.startswith("_")}
        path = Path(config.name_or_path or ".") / "config.json"
        shape = neoarabert_shape(raw, config.max_position_embeddings, path)
        self.encoder = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.transformer_encoder = nn.ModuleList(Block(shape) for _ in range(shape.num_hidden_layers))
        self.layer_norm = nn.RMSNorm(shape.hidden_size, eps=shape.norm_eps)
        self.head_dim, self.max_positions = shape.head_dim, shape.max_positions
        self.gradient_checkpointing = False
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.uniform_(module.weight, -self.config.decoder_init_range, self.config.decoder_init_range)
        elif isinstance(module, nn.Embedding):
            nn.init.uniform_(module.weight, -self.config.embedding_init_range, self.config.embedding_init_range)
        elif isinstance(module, nn.RMSNorm):
            nn.init.ones_(module.weight)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str] | None, *args: Any, **kwargs: Any
    ) -> Any:
        """Load a checkpoint; arguments as in transformers.

        Raises:
            CheckpointError: Its weights are pickled, incomplete, not finite, or more than its config has place for.
        """
        if pretrained_model_name_or_path is None:
            return super().from_pretrained(None, *args, **kwargs)
        where = os.fspath(pretrained_model_name_or_path)
        if kwargs.get("use_safetensors") is False:
            raise CheckpointError(f"{where}: use_safetensors=False asks for pickled weights, which are refused")
        if Path(where).is_dir() and not kwargs.get("subfolder"):
            weight_files(Path(where))
        kwargs["use_safetensors"] = True
        if "torch_dtype" not in kwargs:
            kwargs.setdefault("dtype", torch.float32)
        with_info = kwargs.pop("output_loading_info", False)
        loaded: Any = super().from_pretrained(where, *args, output_loading_info=True, **kwargs)
        model, info = loaded
        for keys, fault in (
            (info["missing_keys"], "lacks tensors that its config.json asks for"),
            (info["unexpected_keys"], "holds tensors that its config.json has no place for"),
        ):
            if keys:
                raise CheckpointError(f"{where} {fault}: {', '.join(sorted(keys)[:3])} ({len(keys)} in all)")
        for name, tensor in model.state_dict().items():
            if not bool(torch.isfinite(tensor).all()):
                raise CheckpointError(f"{where}: {name!r} holds NaN or infinite values; fetch the model again")
        return (model, info) if with_info else model

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutput | tuple[Any, ...]:
        """Last hidden states of padded sequences.

        Args:
            input_ids: int64 (batch, length).
            attention_mask: (batch, length), nonzero at real tokens; None where nothing is padded.
            position_ids: int64 (batch, length) or (length,); None for 0, 1, 2, …
            inputs_embeds: (batch, length, hidden_size) instead of `input_ids`.
            output_attentions: Also give each block's attention weights, (batch, heads, length, length), rows
                summing to 1 over the real tokens.
            output_hidden_states: Also give the embeddings, what each block but the last put out, and the final
                states: num_hidden_layers + 1 tensors (batch, length, hidden_size).
            return_dict: False for a plain tuple.

        Raises:
            OptionError: Neither or both kinds of input, a mask of another shape, or too long a sequence.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise OptionError("give either input_ids or inputs_embeds, and not both")
        x = self.encoder(input_ids) if inputs_embeds is None else inputs_embeds
        count, length, width = x.shape
        mask = self._mask(attention_mask, count, length)
        cos, sin = self._angles(position_ids, count, length, x.device)
        with_weights = self._wants("output_attentions", output_attentions)
        with_states = self._wants("output_hidden_states", output_hidden_states)
        weighing = _WeighedAttention(count, length, mask, keep=with_weights)
        explicit = with_weights or self.config._attn_implementation == "eager"
        attention: Attention = weighing if explicit else PaddedAttention(count, length, mask)

        x = x.reshape(count * length, width)
        states = []
        for block in self.transformer_encoder:
            if with_states:
                states.append(x.view(count, length, width))
            if self.gradient_checkpointing and self.training:
                x = self._gradient_checkpointing_func(block.__call__, x, cos, sin, attention)
            else:
                x = block(x, cos, sin, attention)
        last = self.layer_norm(x).view(count, length, width)
        output = BaseModelOutput(
            last_hidden_state=last,
            hidden_states=(*states, last) if with_states else None,
            attentions=tuple(weighing.weights) if with_weights else None,
        )
        return output.to_tuple() if return_dict is False else output

    def _wants(self, name: str, given: bool | None) -> bool:
        return bool(getattr(self.config, name, False)) if given is None else given

    def _mask(self, attention_mask: Tensor | None, count: int, length: int) -> Tensor | None:
        if attention_mask is None:
            return None
        if tuple(attention_mask.shape) != (count, length):
            raise OptionError(
                f"attention_mask has the shape {tuple(attention_mask.shape)}, but one value a token is needed: "
                f"{(count, length)}. Sequences packed into one row are not supported; pad them"
            )
        mask = attention_mask.to(torch.bool)
        # A row of nothing but padding attends to itself: its vectors mean nothing, but they are no NaN.
        return mask | ~mask.any(dim=1, keepdim=True)

    def _angles(
        self, position_ids: Tensor | None, count: int, length: int, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        if length > self.max_positions:
            raise OptionError(
                f"{length} tokens in a sequence, over max_position_embeddings={self.max_positions}; truncate them"
            )
        if position_ids is None:
            position_ids = torch.arange(length, device=device)
        cos, sin = rotary_table(position_ids.expand(count, length).reshape(-1), self.head_dim)
        return cos[:, None, None, :], sin[:, None, None, :]


class _WeighedAttention(PaddedAttention):
    """Padded attention in the open, which can keep the weights of every call."""

    def __init__(self, count: int, length: int, mask: Tensor | None, *, keep: bool) -> None:
        super().__init__(count, length, mask)
        self.keep = keep
        self.weights: list[Tensor] = []

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """As `PaddedAttention`, with the softmax in float32."""
        heads, head_dim = q.shape[1:]
        q, k, v = (x.reshape(self.count, self.length, heads, head_dim).transpose(1, 2) for x in (q, k, v))
        scores = q @ k.transpose(2, 3) * head_dim**-0.5
        if self.mask is not None:
            scores = scores.masked_fill(~self.mask, float("-inf"))
        weights = scores.softmax(dim=-1, dtype=torch.float32).to(q.dtype)
        if self.keep:
            self.weights.append(weights)
        mixed: Tensor = (weights @ v).transpose(1, 2)
        return mixed.reshape(self.count * self.length, heads, head_dim)
