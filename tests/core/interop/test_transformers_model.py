"""The registered model: equal to an independent NumPy reference, never uninitialised, nothing pickled or missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harakat import Encoder
from harakat.errors import CheckpointError, OptionError
from harakat.interop.transformers_model import NeoAraBERTConfig, NeoAraBERTModel
from support.oracle import hidden_states

IDS = torch.tensor([[2, 40, 41, 42, 43, 44, 3], [2, 50, 51, 3, 0, 0, 0], [2, 60, 3, 0, 0, 0, 0]])
MASK = (IDS != 0).long()


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> NeoAraBERTModel:
    return NeoAraBERTModel.from_pretrained(tiny_folder)


@pytest.fixture
def copy_of(tiny_folder: Path, tmp_path: Path) -> Callable[..., Path]:
    """A checkpoint folder of its own, with changed tensors and config entries."""

    def make(change: Callable[[dict[str, Any]], Any] | None = None, **config: Any) -> Path:
        folder = Path(shutil.copytree(tiny_folder, tmp_path / "copy"))
        said = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**said, **config}))
        if change:
            tensors = load_file(folder / "model.safetensors")
            changed = change(tensors)
            save_file(tensors if changed is None else changed, folder / "model.safetensors", metadata={"format": "pt"})
        return folder

    return make


def run(model: NeoAraBERTModel, **options: Any) -> Any:
    with torch.inference_mode():
        return model(input_ids=IDS, attention_mask=MASK, **options)


def test_hidden_states_equal_the_reference(model: NeoAraBERTModel, tiny_folder: Path) -> None:
    config = json.loads((tiny_folder / "config.json").read_text())
    weights = load_file(tiny_folder / "model.safetensors")
    got = run(model).last_hidden_state.numpy()
    for row, ids in enumerate(IDS.tolist()):
        length = int(MASK[row].sum())
        wanted = hidden_states(weights, config, ids[:length])
        assert np.abs(got[row, :length] - wanted).max() < 1e-5


def test_two_loads_agree_and_hold_no_table(model: NeoAraBERTModel, tiny_folder: Path) -> None:
    """The published code leaves its rotary table uninitialised under transformers 5."""
    again = NeoAraBERTModel.from_pretrained(tiny_folder)
    assert dict(model.named_buffers()) == {}
    assert not any(parameter.is_meta for parameter in again.parameters())
    assert torch.equal(run(model).last_hidden_state, run(again).last_hidden_state)
    assert again.dtype == torch.float32
    assert not again.training


def test_base_of_a_masked_lm_export(model: NeoAraBERTModel, copy_of: Callable[..., Path]) -> None:
    """Everything under `model.`; the head beside it and a poisoned rotary table count for nothing."""

    def as_lm(tensors: dict[str, Any]) -> dict[str, Any]:
        renamed = {f"model.{name}": tensor for name, tensor in tensors.items()}
        vocabulary, hidden = tensors["encoder.weight"].shape
        head = {"decoder.weight": torch.randn(vocabulary, hidden), "decoder.bias": torch.randn(vocabulary)}
        return {**renamed, **head, "model.freqs_cis": torch.full((128, 8), torch.nan)}

    loaded = NeoAraBERTModel.from_pretrained(copy_of(as_lm, architectures=["NeoAraBERTLMHead"]))
    assert torch.equal(run(model).last_hidden_state, run(loaded).last_hidden_state)


@pytest.mark.parametrize(
    ("change", "config", "message"),
    [
        (lambda t: {n: v for n, v in t.items() if n != "layer_norm.weight"}, {}, "layer_norm.weight"),
        (lambda t: t.update({"transformer_encoder.3.wo.weight": torch.ones(64, 64)}), {}, r"transformer_encoder\.3"),
        (lambda t: t["encoder.weight"][5].fill_(torch.nan), {}, "NaN"),
        (None, {"num_hidden_layers": 2}, "transformer_encoder.2"),
        (None, {"hidden_act": "gelu"}, "swiglu"),
        (None, {"num_attention_heads": 7}, "heads"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    change: Any, config: dict[str, Any], message: str, copy_of: Callable[..., Path]
) -> None:
    def applied(tensors: dict[str, Any]) -> dict[str, Any] | None:
        result = change(tensors)
        return result if isinstance(result, dict) else None

    folder = copy_of(applied if change else None, **config)
    with pytest.raises(CheckpointError, match=message):
        NeoAraBERTModel.from_pretrained(folder)


def test_pickled_weights_are_refused(copy_of: Callable[..., Path]) -> None:
    folder = copy_of()
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="use_safetensors"):
        NeoAraBERTModel.from_pretrained(folder, use_safetensors=False)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="pickled"):
        NeoAraBERTModel.from_pretrained(folder)


def test_saved_and_read_back(
    model: NeoAraBERTModel, encoder: Encoder, tiny_folder: Path, tmp_path: Path, texts: list[str]
) -> None:
    model.save_pretrained(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    assert torch.equal(run(NeoAraBERTModel.from_pretrained(tmp_path)).last_hidden_state, run(model).last_hidden_state)
    saved = json.loads((tmp_path / "config.json").read_text())
    before = json.loads((tiny_folder / "config.json").read_text())
    assert {name: saved[name] for name in before} == before
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny_folder / name).read_bytes())
    assert np.array_equal(Encoder(tmp_path, device="cpu").encode(texts), encoder.encode(texts))


def test_older_files_say_max_length(copy_of: Callable[..., Path], tmp_path: Path) -> None:
    folder = copy_of(max_length=24, max_position_embeddings=999, auto_map={"AutoModel": "evil.Model"})
    loaded = NeoAraBERTModel.from_pretrained(folder)
    assert loaded.config.max_position_embeddings == 24
    loaded.save_pretrained(tmp_path / "saved")
    assert "auto_map" not in json.loads((tmp_path / "saved" / "config.json").read_text())
    with pytest.raises(OptionError, match="max_position_embeddings=24"):
        loaded(torch.ones(1, 25, dtype=torch.long))


def test_attentions_are_probabilities_and_change_nothing(model: NeoAraBERTModel) -> None:
    """The published code multiplies scores by the mask instead of hiding padding."""
    plain, told = run(model), run(model, output_attentions=True)
    real = MASK.bool()
    assert (plain.last_hidden_state - told.last_hidden_state)[real].abs().max() < 1e-5
    assert plain.attentions is None
    assert len(told.attentions) == 3
    for weights in told.attentions:
        assert weights.shape == (3, 4, 7, 7)
        assert torch.allclose(weights.sum(-1), torch.ones(3, 4, 7), atol=1e-5)
        assert weights[1, :, :, 4:].max() == 0
        assert weights[2, :, :, 3:].max() == 0


def test_hidden_states_of_every_block(model: NeoAraBERTModel) -> None:
    told = run(model, output_hidden_states=True)
    assert len(told.hidden_states) == 4
    assert torch.equal(told.hidden_states[-1], told.last_hidden_state)
    assert torch.equal(told.hidden_states[0], model.encoder(IDS))
    as_tuple = run(model, output_hidden_states=True, return_dict=False)
    assert torch.equal(as_tuple[0], told.last_hidden_state)


def test_eager_attention_equals_sdpa(model: NeoAraBERTModel, tiny_folder: Path) -> None:
    eager = NeoAraBERTModel.from_pretrained(tiny_folder, attn_implementation="eager")
    difference = run(eager).last_hidden_state - run(model).last_hidden_state
    assert difference[MASK.bool()].abs().max() < 1e-5


def test_padding_and_a_row_of_nothing_else(model: NeoAraBERTModel) -> None:
    with torch.inference_mode():
        alone = model(IDS[1:2, :4]).last_hidden_state
        nothing = model(IDS, attention_mask=torch.zeros_like(IDS)).last_hidden_state
    assert (alone[0] - run(model).last_hidden_state[1, :4]).abs().max() < 1e-5
    assert torch.isfinite(nothing).all()


def test_positions_and_embeddings_by_hand(model: NeoAraBERTModel) -> None:
    plain = run(model).last_hidden_state
    positions = torch.arange(7)
    assert torch.equal(run(model, position_ids=positions).last_hidden_state, plain)
    shifted = run(model, position_ids=positions.expand(3, 7) + 20).last_hidden_state
    assert (shifted - plain)[MASK.bool()].abs().max() < 1e-4  # rotary positions are relative
    spread = run(model, position_ids=positions * 5).last_hidden_state
    assert (spread - plain)[MASK.bool()].abs().max() > 1e-2
    with torch.inference_mode():
        embedded = model(inputs_embeds=model.get_input_embeddings()(IDS), attention_mask=MASK)
    assert torch.equal(embedded.last_hidden_state, plain)


def test_input_that_cannot_be_right_is_refused(model: NeoAraBERTModel) -> None:
    with pytest.raises(OptionError, match="either"):
        model()
    with pytest.raises(OptionError, match="either"):
        model(IDS, inputs_embeds=torch.zeros(3, 7, 64))
    with pytest.raises(OptionError, match="packed"):
        model(IDS, attention_mask=torch.ones(3, 1, 7, 7))
    with pytest.raises(TypeError, match="cu_seq_lens_q"):
        model(IDS, cu_seq_lens_q=torch.tensor([0, 7]))


def test_gradients_flow_and_checkpointing_keeps_them(tiny_folder: Path) -> None:
    found = []
    for checkpointing in (False, True):
        model = NeoAraBERTModel.from_pretrained(tiny_folder).train()
        if checkpointing:
            model.gradient_checkpointing_enable()
        (model(IDS, MASK).last_hidden_state[MASK.bool()] ** 2).mean().backward()
        found.append({name: parameter.grad for name, parameter in model.named_parameters()})
    assert all(gradient is not None and gradient.abs().max() > 0 for gradient in found[0].values())
    for name, gradient in found[0].items():
        assert torch.allclose(gradient, found[1][name], atol=1e-6), name


def test_fresh_weights_and_other_dtypes(tiny_folder: Path) -> None:
    torch.manual_seed(0)
    fresh = NeoAraBERTModel(NeoAraBERTConfig(100, 32, 2, 4, 48))
    assert fresh.encoder.weight.abs().max() <= 0.02
    assert fresh.encoder.weight.std() > 0.005
    assert torch.equal(fresh.layer_norm.weight, torch.ones(32))
    half = NeoAraBERTModel.from_pretrained(tiny_folder, dtype=torch.bfloat16)
    assert half.dtype == torch.bfloat16
    cosine = torch.nn.functional.cosine_similarity(
        run(half).last_hidden_state.float()[MASK.bool()],
        run(NeoAraBERTModel.from_pretrained(tiny_folder)).last_hidden_state[MASK.bool()],
    )
    assert cosine.min() > 0.99
