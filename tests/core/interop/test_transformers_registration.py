"""After one call the Auto classes run our code for NeoAraBERT, never the folder's, and nothing else changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers import AutoConfig, AutoModel, AutoProcessor, AutoTokenizer

from harakat import Encoder
from harakat.errors import MissingExtraError
from harakat.interop import register_transformers
from harakat.interop.transformers_model import NeoAraBERTConfig, NeoAraBERTModel
from harakat.interop.transformers_tokenizer import NeoAraBERTTokenizer

pytestmark = pytest.mark.usefixtures("registered")

EVIL = """
import pathlib
pathlib.Path({mark!r}).write_text("executed")
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast
class Config(PretrainedConfig):
    model_type = "neoarabert"
class Model(PreTrainedModel):
    config_class = Config
class Tokenizer(PreTrainedTokenizerFast):
    pass
"""


@pytest.fixture
def hostile(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A checkpoint whose JSON files point at a Python file of its own, and the mark that running it leaves."""
    folder, mark = Path(shutil.copytree(tiny_folder, tmp_path / "hostile")), tmp_path / "executed"
    (folder / "evil.py").write_text(EVIL.format(mark=str(mark)))
    monkeypatch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    entries = {
        "config.json": {
            "AutoConfig": "evil.Config",
            "AutoModel": "evil.Model",
            "AutoModelForMaskedLM": "evil.Model",
            "AutoProcessor": "evil.Tokenizer",
        },
        "tokenizer_config.json": {"AutoTokenizer": ["evil.Tokenizer", None], "AutoProcessor": "evil.Tokenizer"},
    }
    for name, auto_map in entries.items():
        said = json.loads((folder / name).read_text())
        said |= {"auto_map": auto_map, "trust_remote_code": True, "tokenizer_class": "ArabicMorphTokenizer"}
        (folder / name).write_text(json.dumps(said))
    return folder, mark


@pytest.mark.parametrize("trust", [{}, {"trust_remote_code": False}, {"trust_remote_code": True}])
@pytest.mark.parametrize(
    "named", ["ArabicMorphTokenizer", "BertTokenizerFast", "PreTrainedTokenizerFast", "NeoAraBERTTokenizer", None]
)
def test_the_files_of_a_folder_are_never_run(
    trust: dict[str, Any], named: str | None, hostile: tuple[Path, Path], encoder: Encoder, texts: list[str]
) -> None:
    folder, mark = hostile
    said = json.loads((folder / "tokenizer_config.json").read_text())
    said["tokenizer_class"] = named
    (folder / "tokenizer_config.json").write_text(json.dumps({k: v for k, v in said.items() if v is not None}))
    config = AutoConfig.from_pretrained(folder, **trust)
    model = AutoModel.from_pretrained(folder, **trust)
    tokenizer = AutoTokenizer.from_pretrained(folder, **trust)
    processor = AutoProcessor.from_pretrained(folder, **trust)
    assert type(config) is NeoAraBERTConfig
    assert type(model) is NeoAraBERTModel
    assert type(tokenizer) is type(processor) is NeoAraBERTTokenizer
    assert tokenizer(texts)["input_ids"] == [[piece.id for piece in encoder.pieces(text)] for text in texts]
    assert processor(texts)["input_ids"] == tokenizer(texts)["input_ids"]
    assert not mark.exists()


def test_not_by_sentence_transformers_either(hostile: tuple[Path, Path], encoder: Encoder, texts: list[str]) -> None:
    """The published snippet, word for word, on a folder that would abuse it."""
    from sentence_transformers import SentenceTransformer

    folder, mark = hostile
    model = SentenceTransformer(str(folder), trust_remote_code=True, device="cpu")
    vectors = model.encode(texts, normalize_embeddings=True)
    assert abs(vectors - encoder.encode(texts)).max() < 1e-5
    assert not mark.exists()


def test_the_trap_is_real(hostile: tuple[Path, Path]) -> None:
    """The same folder does run code where transformers is left to itself; so the test above can fail."""
    from transformers import AutoModelForMaskedLM
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    folder, mark = hostile
    with pytest.raises(ValueError, match=r"trust_remote_code|Unrecognized configuration"):
        AutoModelForMaskedLM.from_pretrained(folder)
    assert not mark.exists()
    get_class_from_dynamic_module("evil.Tokenizer", str(folder))
    assert mark.exists()


def test_nothing_of_the_trap_is_saved_again(hostile: tuple[Path, Path], tmp_path: Path) -> None:
    AutoModel.from_pretrained(hostile[0]).save_pretrained(tmp_path / "saved")
    AutoTokenizer.from_pretrained(hostile[0]).save_pretrained(tmp_path / "saved")
    for path in (tmp_path / "saved").glob("*.json"):
        assert "evil" not in path.read_text(), path.name
        assert "trust_remote_code" not in path.read_text(), path.name


def test_again_and_again(tiny_folder: Path) -> None:
    wrapped = AutoTokenizer.from_pretrained.__func__
    register_transformers()
    register_transformers()
    assert AutoTokenizer.from_pretrained.__func__ is wrapped
    config = AutoConfig.from_pretrained(tiny_folder)
    assert type(AutoModel.from_config(config)) is NeoAraBERTModel
    assert type(AutoTokenizer.from_pretrained(tiny_folder, config=config)) is NeoAraBERTTokenizer
    assert type(AutoTokenizer.from_pretrained(str(tiny_folder), use_fast=True)) is NeoAraBERTTokenizer


def test_vectors_equal_the_encoders(tiny_folder: Path, encoder: Encoder, texts: list[str]) -> None:
    batch = AutoTokenizer.from_pretrained(tiny_folder)(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(tiny_folder)(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
    assert (vectors - torch.from_numpy(encoder.encode(texts))).abs().max() < 1e-5


def test_a_hub_id(tiny_folder: Path, tmp_path: Path, texts: list[str], encoder: Encoder) -> None:
    """The published repository's name, its files in a hub cache, no connection."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--U4RASD--NeoAraBERT_MSA"
    shutil.copytree(tiny_folder, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    options: dict[str, Any] = {"cache_dir": str(tmp_path), "local_files_only": True}
    name = "U4RASD/NeoAraBERT_MSA"
    assert type(AutoConfig.from_pretrained(name, **options)) is NeoAraBERTConfig
    assert type(AutoModel.from_pretrained(name, **options)) is NeoAraBERTModel
    tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=True, **options)
    assert type(tokenizer) is NeoAraBERTTokenizer
    assert tokenizer(texts)["input_ids"] == [[piece.id for piece in encoder.pieces(text)] for text in texts]


def test_other_models_are_left_alone(tmp_path: Path, tiny_folder: Path) -> None:
    from transformers import BertConfig

    BertConfig(vocab_size=300, hidden_size=8, num_hidden_layers=1, num_attention_heads=1).save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes((tiny_folder / "tokenizer.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    assert not isinstance(AutoTokenizer.from_pretrained(tmp_path), NeoAraBERTTokenizer)
    with pytest.raises((OSError, ValueError)):
        AutoTokenizer.from_pretrained(tmp_path / "nowhere")


def test_an_unknown_transformers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were `_encode_plus` gone, our override would never be called and the Arabic step silently skipped."""
    monkeypatch.delattr(transformers.PreTrainedTokenizerFast, "_encode_plus")
    with pytest.raises(MissingExtraError, match="_encode_plus"):
        register_transformers()
