"""An encoder as a SentenceTransformer: the same vectors, saved and loaded without remote code."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from harakat import Encoder
from harakat.errors import CheckpointError, OptionError
from harakat.interop import to_sentence_transformer

LONG = "كَلِمَةٌ طَوِيلَةٌ " * 60


@pytest.fixture(scope="module")
def model(encoder: Encoder) -> SentenceTransformer:
    return to_sentence_transformer(encoder)


@pytest.fixture(scope="module")
def saved(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Encoder]:
    encoder = Encoder(tiny_folder, device="cpu", query_prompt="سؤال: ", max_length=48)
    folder = tmp_path_factory.mktemp("saved") / "st"
    to_sentence_transformer(encoder).save(str(folder))
    return folder, encoder


def far(a: Any, b: Any) -> float:
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


def test_the_same_vectors(model: SentenceTransformer, encoder: Encoder, texts: list[str]) -> None:
    assert isinstance(model, SentenceTransformer)
    with pytest.warns(UserWarning, match="longer than"):
        wanted = encoder.encode([*texts, LONG])
    got = model.encode([*texts, LONG], batch_size=3)
    assert got.dtype == np.float32
    assert far(got, wanted) < 1e-5
    assert far(model.encode(texts[0]), wanted[0]) < 1e-5
    assert model.encode([]).size == 0
    assert model.similarity_fn_name == "cosine"
    assert model.max_seq_length == encoder.max_length
    assert model.get_embedding_dimension() == encoder.dim == 64


@pytest.mark.parametrize("dim", [32, 16])
def test_truncated_vectors_have_length_one(
    dim: int, model: SentenceTransformer, tiny_folder: Path, texts: list[str]
) -> None:
    small = Encoder(tiny_folder, dim=dim, device="cpu")
    wanted = small.encode(texts)
    assert far(model.encode(texts, truncate_dim=dim), wanted) < 1e-5
    assert far(model.encode_query(texts, truncate_dim=dim), wanted) < 1e-5
    with model.truncate_embeddings(dim):
        assert far(model.encode(texts), wanted) < 1e-5
    native = to_sentence_transformer(small)
    assert native.get_embedding_dimension() == dim
    assert far(native.encode(texts), wanted) < 1e-5
    assert far(native.encode(texts, convert_to_tensor=True), wanted) < 1e-5


def test_prompts_and_lengths(tiny_folder: Path, texts: list[str]) -> None:
    encoder = Encoder(tiny_folder, device="cpu", query_prompt="سؤال: ", document_prompt="نص: ", max_length=16)
    model = to_sentence_transformer(encoder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert far(model.encode_query(texts), encoder.encode_query(texts)) < 1e-5
        assert far(model.encode_document(texts), encoder.encode_document(texts)) < 1e-5
        assert far(model.encode(texts), encoder.encode(texts)) < 1e-5
        assert far(model.encode(texts, prompt="قال: "), encoder.encode(texts, prompt="قال: ")) < 1e-5


def test_token_vectors(model: SentenceTransformer, encoder: Encoder, texts: list[str]) -> None:
    ours = encoder.encode_tokens(texts)
    theirs = model.encode(texts, output_value="token_embeddings")
    for mine, other in zip(ours, theirs, strict=True):
        unit = torch.nn.functional.normalize(other, dim=-1).numpy()
        assert far(mine, unit) < 1e-5


def test_segmentation_and_spelling_come_along(
    tiny_folder: Path, morphology_folder: Path, tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*texts, "وَبِالْكِتَابِ", "فسيعلمهم"]
    encoder = Encoder(tiny_folder, device="cpu", segmentation=True, morphology=morphology_folder, spelling="imlai")
    wanted = encoder.encode(texts)
    assert far(wanted, Encoder(tiny_folder, device="cpu").encode(texts)) > 1e-2
    model = to_sentence_transformer(encoder)
    assert far(model.encode(texts), wanted) < 1e-5
    model.save(str(tmp_path / "st"))
    loaded = SentenceTransformer(
        str(tmp_path / "st"), device="cpu", processor_kwargs={"morphology": str(morphology_folder)}
    )
    assert far(loaded.encode(texts), wanted) < 1e-5
    again = Encoder(tmp_path / "st", device="cpu", morphology=morphology_folder)
    assert (again.spelling, again.fingerprint.segmentation) == ("imlai", "on")
    assert far(again.encode(texts), wanted) < 1e-6


def test_a_saved_folder_is_read_by_everyone(saved: tuple[Path, Encoder], texts: list[str]) -> None:
    folder, encoder = saved
    loaded = SentenceTransformer(str(folder), device="cpu")
    assert type(loaded) is SentenceTransformer
    assert [type(module).__name__ for module in loaded] == ["Transformer", "Pooling", "Normalize"]
    assert loaded.max_seq_length == 48
    assert loaded.prompts["query"] == "سؤال: "
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert far(loaded.encode_query(texts), encoder.encode_query(texts)) < 1e-5
        assert far(loaded.encode(texts), encoder.encode(texts)) < 1e-5
        again = Encoder(folder, device="cpu")
        assert np.array_equal(again.encode_query(texts), encoder.encode_query(texts))
    assert (again.max_length, again.query_prompt, again.dims) == (48, "سؤال: ", (64, 32, 16))
    assert not any(path.suffix in (".py", ".bin", ".pt") for path in folder.rglob("*"))
    assert "register_transformers()" in (folder / "README.md").read_text(encoding="utf-8")


def test_a_smaller_dim_is_saved_with_unit_vectors(tiny_folder: Path, tmp_path: Path, texts: list[str]) -> None:
    encoder = Encoder(tiny_folder, dim=16, device="cpu")
    to_sentence_transformer(encoder).save(str(tmp_path / "st"))
    loaded = SentenceTransformer(str(tmp_path / "st"), device="cpu")
    assert far(loaded.encode(texts), encoder.encode(texts)) < 1e-5


@pytest.mark.parametrize(
    ("dim", "options"), [(16, {}), (32, {"dtype": "bfloat16"}), (20, {"allow_untrained_dim": True})]
)
def test_a_smaller_dim_is_read_back(
    dim: int, options: dict[str, Any], tiny_folder: Path, tmp_path: Path, texts: list[str]
) -> None:
    encoder = Encoder(tiny_folder, dim=dim, device="cpu", **options)
    to_sentence_transformer(encoder).save(str(tmp_path / "st"))
    dtype = {"dtype": encoder.dtype}
    again = Encoder(tmp_path / "st", device="cpu", **dtype)
    assert (again.dim, again.dims) == (dim, (64, 32, 16))
    assert np.array_equal(again.encode(texts), encoder.encode(texts))
    assert Encoder(tmp_path / "st", dim=again.dim, device="cpu", **dtype).fingerprint == again.fingerprint
    full = Encoder(tmp_path / "st", dim=64, device="cpu", **dtype)
    assert np.array_equal(full.encode(texts), encoder.with_options(dim=64).encode(texts))


def test_a_dense_layer_that_was_trained_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    model = to_sentence_transformer(Encoder(tiny_folder, dim=16, device="cpu"))
    with torch.no_grad():
        model[2].linear.weight[0, 1] += 0.001
    model.save(str(tmp_path / "st"))
    with pytest.raises(CheckpointError, match="2_Dense is a Dense layer that does more than keep the first values"):
        Encoder(tmp_path / "st", device="cpu")


def test_a_missing_harakat_is_named(saved: tuple[Path, Encoder], monkeypatch: pytest.MonkeyPatch) -> None:
    import sentence_transformers.util.environment as environment

    monkeypatch.setattr(environment, "get_installed_version", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install -U \"harakat>=") as caught:
        SentenceTransformer(str(saved[0]), device="cpu")
    assert "register_transformers()" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int8"}, "precision='int8'"),
        ({"precision": "binary"}, "precision='binary'"),
        ({"overflow": "chunk"}, "overflow='chunk'"),
        ({"overflow": "error"}, "overflow='error'"),
    ],
)
def test_options_without_an_equal_are_refused(options: dict[str, Any], message: str, tiny_folder: Path) -> None:
    with pytest.raises(OptionError, match=message):
        to_sentence_transformer(Encoder(tiny_folder, device="cpu", **options))


def test_the_encoder_is_left_alone(encoder: Encoder, texts: list[str]) -> None:
    before = encoder.encode(texts)
    model = to_sentence_transformer(encoder)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert np.array_equal(encoder.encode(texts), before)


def test_requirements_stay_with_a_saved_model(saved: tuple[Path, Encoder]) -> None:
    said = json.loads((saved[0] / "config_sentence_transformers.json").read_text())
    assert list(said["requirements"]) == ["harakat"]
    assert said["model_type"] == "SentenceTransformer"
