from __future__ import annotations

import inspect
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromadb.api.types import validate_embedding_function
from chromadb.utils.embedding_functions import config_to_embedding_function, known_embedding_functions
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from chroma_harakat import HarakatEmbeddingFunction
from chroma_harakat.config import CONFIG_SCHEMA
from harakat import Encoder
from harakat.errors import FingerprintError, HarakatError, OptionError, TextError, TextTypeError, UnknownModelError

TEXTS = ["الْعِلْمُ نُورٌ", "رَفَعَ الْعَلَمَ", "كتب الطالب الدرس", "", "الْعِلْمُ نُورٌ"]

pytestmark = pytest.mark.disable_socket


@pytest.fixture
def function(tiny_folder: Path) -> HarakatEmbeddingFunction:
    return HarakatEmbeddingFunction(tiny_folder)


def test_it_is_registered_and_has_the_signature_that_chroma_checks(function: HarakatEmbeddingFunction):
    assert known_embedding_functions["harakat"] is HarakatEmbeddingFunction
    assert HarakatEmbeddingFunction.name() == "harakat"
    validate_embedding_function(function)
    assert not function.is_legacy()


def test_documents_and_queries_are_lists_of_float32_unit_rows(function: HarakatEmbeddingFunction, encoder: Encoder):
    for embed, expected in ((function, encoder.encode_document(TEXTS)), (function.embed_query, encoder.encode(TEXTS))):
        rows: Any = embed(TEXTS)
        assert isinstance(rows, list)
        assert all(isinstance(row, np.ndarray) and row.dtype == np.float32 and row.shape == (64,) for row in rows)
        np.testing.assert_allclose(rows, expected, atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(function(TEXTS)[0], function(TEXTS)[4])


def test_the_default_is_the_bundled_model():
    rows = HarakatEmbeddingFunction()(["الْعِلْمُ نُورٌ", "العلم نور"])
    assert [row.shape for row in rows] == [(384,), (384,)]
    assert 0 < float(rows[0] @ rows[1]) < 0.999  # the marks are seen


def test_prompts_reach_their_side_only(tiny_folder: Path, encoder: Encoder):
    function = HarakatEmbeddingFunction(tiny_folder, query_prompt="سؤال: ", document_prompt="نص: ")
    np.testing.assert_allclose(function(["علم"])[0], encoder.encode("نص: علم"), atol=1e-6)
    np.testing.assert_allclose(function.embed_query(["علم"])[0], encoder.encode("سؤال: علم"), atol=1e-6)


@pytest.mark.parametrize("dim", [64, 32, 16])
def test_a_smaller_dim_is_the_renormalised_prefix(tiny_folder: Path, encoder: Encoder, dim: int):
    rows = np.stack(HarakatEmbeddingFunction(tiny_folder, dim=dim)(TEXTS))
    prefix = encoder.encode(TEXTS)[:, :dim]
    np.testing.assert_allclose(rows, prefix / np.linalg.norm(prefix, axis=1, keepdims=True), atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=6))
def test_a_vector_does_not_depend_on_its_batch(tiny_folder: Path, texts: list[str]):
    function = HarakatEmbeddingFunction(tiny_folder)
    together = function(texts)
    assert len(together) == len(texts)
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_allclose(function([text])[0], row, atol=1e-5)


def test_one_text_is_one_text(function: HarakatEmbeddingFunction):
    # Chroma passes lists; a person who passes a str must not get a vector a character.
    assert len(function("كتب الطالب")) == 1  # type: ignore[arg-type]
    assert len(function.embed_query("كتب الطالب")) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        ([None], TextTypeError),
        ([b"abc"], TextTypeError),
        (["a", 3], TextTypeError),
        ([np.zeros(3)], TextTypeError),
        ({"a": 1}, TextTypeError),
        (["\ud800"], TextError),
        ([], ValueError),
    ],
)
def test_what_is_no_text_is_refused_on_both_sides(function: HarakatEmbeddingFunction, texts: Any, error: type):
    with pytest.raises(error):
        function(texts)
    with pytest.raises(error):
        function.embed_query(texts)


def test_the_schema_is_one_and_knows_every_argument_of_the_encoder():
    Draft7Validator.check_schema(CONFIG_SCHEMA)
    arguments = set(inspect.signature(Encoder).parameters) - {"precision"}
    assert set(CONFIG_SCHEMA["properties"]) == arguments | {"fingerprint"}


def test_the_configuration_survives_json_and_rebuilds_the_function(tiny_folder: Path, encoder: Encoder):
    options: dict[str, Any] = {"dim": 32, "device": "cpu", "overflow": "chunk", "max_length": 20, "query_prompt": "س: "}
    for function in (
        HarakatEmbeddingFunction(tiny_folder, **options),
        HarakatEmbeddingFunction.from_encoder(encoder.with_options(**options)),
    ):
        config = json.loads(json.dumps(function.get_config()))
        HarakatEmbeddingFunction.validate_config(config)
        built = config_to_embedding_function({"name": "harakat", "config": config})
        assert built == function
        assert hash(built) == hash(function)
        assert built.get_config() == config
        np.testing.assert_array_equal(built(TEXTS), function(TEXTS))


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"model": "m", "dimension": 5}, "dimension"),
        ({"model": "m", "dim": "64"}, "dim"),
        ({"model": "m", "dim": True}, "dim"),
        ({"model": "m", "dim": 0}, "dim"),
        ({"model": "m", "dim": 6.5}, "dim"),
        ({"model": "m", "dtype": "int4"}, "dtype"),
        ({"model": "m", "overflow": "ignore"}, "overflow"),
        ({"model": ""}, "model"),
        ({"model": 5}, "model"),
        ({"dim": 5}, "model"),
        ({"model": "m", "fingerprint": "abc"}, "fingerprint"),
        (None, "None"),
    ],
)
def test_a_bad_configuration_is_refused_by_name(config: Any, names: str):
    for check in (HarakatEmbeddingFunction.validate_config, HarakatEmbeddingFunction.build_from_config):
        with pytest.raises(OptionError, match=names):
            check(config)


def test_bad_arguments_are_refused_when_made():
    with pytest.raises(OptionError, match="dimension"):
        HarakatEmbeddingFunction(dimension=64)
    with pytest.raises(OptionError, match="precision"):
        HarakatEmbeddingFunction(precision="int8")


def test_an_encoder_with_packed_vectors_is_refused(encoder: Encoder):
    with pytest.raises(OptionError, match="float32"):
        HarakatEmbeddingFunction.from_encoder(encoder.with_options(precision="int8"))


def test_a_relative_folder_is_found_from_anywhere(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Encoder
):
    monkeypatch.chdir(tiny_folder.parent)
    function = HarakatEmbeddingFunction("tiny")
    monkeypatch.chdir(tmp_path)
    np.testing.assert_allclose(function(["علم"])[0], encoder.encode("علم"), atol=1e-6)


def test_nothing_is_loaded_before_the_first_text():
    # Chroma rebuilds the function at create; raising there would silently make a "legacy" collection.
    function = HarakatEmbeddingFunction("no-such-model")
    assert not function.is_legacy()
    with pytest.raises(UnknownModelError, match="no-such-model"):
        function(["نص"])


def test_other_files_under_the_same_name_are_refused(tmp_path: Path, tiny_folder: Path, other_folder: Path):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    config = HarakatEmbeddingFunction.from_encoder(Encoder(folder)).get_config()
    shutil.copyfile(other_folder / "model.safetensors", folder / "model.safetensors")
    function = HarakatEmbeddingFunction.build_from_config(config)
    for embed in (function, function.embed_query):
        with pytest.raises(FingerprintError, match="not those that made"):
            embed(["نص"])


def test_pickle_gives_the_same_vectors(encoder: Encoder, tiny_folder: Path):
    for function in (HarakatEmbeddingFunction(tiny_folder, dim=32), HarakatEmbeddingFunction.from_encoder(encoder)):
        again = pickle.loads(pickle.dumps(function))
        assert again == function
        np.testing.assert_array_equal(again(TEXTS), function(TEXTS))


def test_an_update_may_change_how_it_runs_but_not_what_it_gives(encoder: Encoder, other: Encoder):
    function = HarakatEmbeddingFunction.from_encoder(encoder)
    old = function.get_config()
    function.validate_config_update(old, {**old, "device": "cpu", "batch_tokens": 64})
    function.validate_config_update(old, {**old, "model": "/moved/elsewhere"})  # the fingerprint still speaks
    plain = HarakatEmbeddingFunction("harakat-mini").get_config()
    function.validate_config_update(plain, {**plain, "fingerprint": "hk1:00"})
    new = HarakatEmbeddingFunction.from_encoder(other).get_config()
    with pytest.raises(FingerprintError, match="model: .* there, .* here"):
        function.validate_config_update(old, new)
    with pytest.raises(FingerprintError, match="dim: None there, 32 here"):
        function.validate_config_update(plain, {**plain, "dim": 32})
    with pytest.raises(HarakatError, match="dimension"):
        function.validate_config_update(old, {**old, "dimension": 5})
