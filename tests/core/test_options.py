"""The encoder's options: written once, and found in every list that is derived from them."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

import pytest
from jsonschema import Draft7Validator

from harakat import Encoder
from harakat.adapters.option_fields import decided, encoder_arguments, option_fields
from harakat.options import EncoderOptions, Facts, encoder_options, options_that


def test_the_signature_of_encoder_has_the_same_options() -> None:
    hints = get_type_hints(Encoder.__init__)
    parameters = list(inspect.signature(Encoder).parameters.values())
    assert [p.name for p in parameters] == [each.name for each in fields(EncoderOptions)]
    for each, parameter in zip(fields(EncoderOptions), parameters, strict=True):
        assert parameter.default == each.default, each.name
        assert hints[each.name] == get_type_hints(EncoderOptions)[each.name], each.name


def test_help_describes_every_option_within_the_line() -> None:
    lines = (Encoder.__doc__ or "").splitlines()
    for name, option in encoder_options().items():
        assert sum(line.startswith(f"        {name}: {option.facts.help.split()[0]}") for line in lines) == 1
    assert max(map(len, lines)) <= 120
    assert not any("\0" in line for line in lines)


def test_a_new_option_is_one_field() -> None:
    @dataclass(frozen=True)
    class More(EncoderOptions):
        layers: int | None = field(
            default=None, metadata={"facts": Facts("Layers.", brief="Layers.", least=2, decides=True)}
        )

    added = encoder_options(More)["layers"]
    assert list(encoder_options(More)) == [*encoder_options(), "layers"]
    assert (added.type, added.optional, added.default) == (int, True, None)
    assert added.json_schema == {"type": "integer", "minimum": 2}


@pytest.mark.parametrize("model", ["model", "model_name"])
def test_every_option_is_a_field_of_the_adapters(model: str) -> None:
    made = option_fields(model, frozen=True)
    assert list(made) == [model if name == "model" else name for name in encoder_options()]
    for name, option in encoder_options().items():
        kind, info = made[model if name == "model" else name]
        assert info.default == option.default and info.frozen and info.description
        assert (type(None) in getattr(kind, "__args__", ())) == option.optional


def test_defaults_fit_their_own_schema() -> None:
    for option in encoder_options().values():
        assert option.default is None or Draft7Validator(option.json_schema).is_valid(option.default)


def test_arguments_and_what_the_checkpoint_decides() -> None:
    options = EncoderOptions(dim=64)
    assert encoder_arguments(options) == {each.name: getattr(options, each.name) for each in fields(EncoderOptions)}
    encoder = Encoder(dim=64)
    assert encoder.options == {**options.given(), "model": "harakat-mini"}
    found = decided(encoder, "model_name")
    assert found.keys() == {"model_name", "revision", *options_that("by_checkpoint")}
    assert found["dim"] == 64 and found["spelling"] == "imlai" and found["max_length"] == encoder.max_length
    assert set(options_that("decides")).isdisjoint(options_that("machine"))


def test_they_are_light_to_import() -> None:
    code = "import sys, harakat.options as o; o.encoder_options(); assert not {'numpy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


def test_adapters_and_the_command_line_have_every_option() -> None:
    embeddings: Any = pytest.importorskip("langchain_harakat").HarakatEmbeddings
    embedding: Any = pytest.importorskip("llama_index.embeddings.harakat").HarakatEmbedding
    chroma: Any = pytest.importorskip("chroma_harakat.config")
    command: Any = pytest.importorskip("harakat_cli.options")
    names = set(encoder_options())
    assert set(embeddings.model_fields) == names | {"show_progress"}
    assert names - {"model"} < set(embedding.model_fields)
    assert set(chroma.CONFIG_SCHEMA["properties"]) == names - {"precision"} | {"fingerprint"}
    assert set(chroma.DECIDING) == set(options_that("decides")) - {"precision"}
    assert set(command.ENCODER_OPTIONS) == {n for n, o in encoder_options().items() if o.facts.command}
