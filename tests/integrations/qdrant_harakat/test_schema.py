"""A collection's schema follows from the encoder."""

from __future__ import annotations

import json

import pytest
from qdrant_client import QdrantClient, models

from harakat.errors import CollectionError, DimError, FingerprintError, OptionError
from qdrant_harakat import Hnsw, collection_schema, create_collection, open_collection
from qdrant_harakat.layout import METADATA_KEY, layout_from_metadata


def test_one_named_cosine_vector_for_each_trained_dim(encoder):
    schema = collection_schema(encoder)
    assert {name: spec.size for name, spec in schema.vectors.items()} == {"dim_64": 64, "dim_32": 32, "dim_16": 16}
    assert {spec.distance for spec in schema.vectors.values()} == {"cosine"}
    assert all(spec.on_disk and spec.indexed and not spec.multivector for spec in schema.vectors.values())
    assert schema.layout.fingerprint == str(encoder.fingerprint)


def test_smaller_encoder_smaller_schema(encoder):
    assert list(collection_schema(encoder.with_options(dim=32)).layout.dims) == [32, 16]


def test_dims_are_chosen_among_the_trained_ones(encoder):
    assert list(collection_schema(encoder, dims=[16, 64]).layout.dims) == [64, 16]
    with pytest.raises(DimError, match=r"48.*64, 32, 16"):
        collection_schema(encoder, dims=[64, 48])
    with pytest.raises(DimError, match=r"with_options\(dim=32\)"):
        collection_schema(encoder, dims=[32])
    with pytest.raises(DimError):
        collection_schema(encoder.with_options(dim=16), dims=[64, 16])


@pytest.mark.parametrize("bad", [True, 0, "64", 64.5, None])
def test_a_dim_is_a_trained_number(encoder, bad):
    with pytest.raises(DimError):
        collection_schema(encoder, dims=[64, bad])


def test_token_vectors_are_a_maxsim_multivector_without_a_graph(encoder):
    schema = collection_schema(encoder, tokens=True)
    spec = schema.vectors["tokens"]
    assert (spec.size, spec.multivector, spec.indexed) == (16, True, False)
    assert collection_schema(encoder, tokens=32).layout.tokens == ("tokens", 32)
    with pytest.raises(DimError, match="tokens"):
        collection_schema(encoder, tokens=20)


@pytest.mark.parametrize(
    ("option", "value"),
    [("quantization", "int4"), ("indexing_threshold", 0), ("indexing_threshold", True)],
)
def test_impossible_options_are_refused(encoder, option, value):
    with pytest.raises(OptionError, match=option):
        collection_schema(encoder, **{option: value})


def test_hnsw_parameters_are_checked():
    with pytest.raises(OptionError, match="m=0"):
        Hnsw(m=0)


@pytest.mark.parametrize("precision", ["int8", "binary"])
def test_quantised_encoders_are_refused(encoder, precision):
    with pytest.raises(OptionError, match="quantization='int8'"):
        collection_schema(encoder.with_options(precision=precision))


def test_client_arguments_say_it_all_in_qdrants_models(encoder):
    schema = collection_schema(
        encoder, tokens=True, quantization="int8", hnsw=Hnsw(24, 200, 5000), indexing_threshold=900
    )
    arguments = schema.client_arguments()
    dense, tokens = arguments["vectors_config"]["dim_64"], arguments["vectors_config"]["tokens"]
    assert (dense.size, dense.distance, dense.on_disk) == (64, models.Distance.COSINE, True)
    assert dense.quantization_config.scalar.type == models.ScalarType.INT8
    assert tokens.multivector_config.comparator == models.MultiVectorComparator.MAX_SIM
    assert tokens.hnsw_config.m == 0 and tokens.quantization_config is None
    assert (arguments["hnsw_config"].m, arguments["hnsw_config"].ef_construct) == (24, 200)
    assert arguments["optimizers_config"].indexing_threshold == 900
    binary = collection_schema(encoder, quantization="binary").client_arguments()["vectors_config"]["dim_64"]
    assert binary.quantization_config.binary is not None


def test_a_collection_made_by_hand_from_the_schema_opens(encoder):
    client = QdrantClient(":memory:")
    client.create_collection("verses", **collection_schema(encoder, tokens=True).client_arguments())
    assert open_collection(client, "verses", encoder).dims == (64, 32, 16)


def test_everything_reaches_the_wire(encoder, front):
    client = QdrantClient(url=front.url, check_compatibility=False, timeout=60)
    create_collection(client, "verses", encoder, quantization="binary", tokens=True, on_disk=True)
    sent = front.last_create
    assert sent["vectors"]["dim_64"]["on_disk"] is True
    assert sent["vectors"]["dim_64"]["quantization_config"]["binary"] == {
        "always_ram": True,
        "query_encoding": "scalar8bits",
    }
    assert sent["vectors"]["tokens"]["multivector_config"] == {"comparator": "max_sim"}
    assert sent["metadata"][METADATA_KEY]["fingerprint"] == str(encoder.fingerprint)


def test_metadata_survives_json_and_names_the_encoder(encoder):
    layout = collection_schema(encoder, tokens=32, quantization="binary").layout
    metadata = json.loads(json.dumps(layout.metadata()))
    assert layout_from_metadata("verses", metadata) == layout
    assert metadata[METADATA_KEY]["parts"]["weights"] == encoder.fingerprint.weights


def test_metadata_of_others_is_none_of_ours():
    assert layout_from_metadata("verses", None) is None
    assert layout_from_metadata("verses", {"made_by": "someone"}) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda ours: ours.pop("fingerprint"),
        lambda ours: ours.update(vectors={}),
        lambda ours: ours.update(vectors={"many": "dim_64"}),
        lambda ours: ours.update(parts=None),
        lambda ours: ours.update(quantization="int4"),
        lambda ours: ours.update(tokens=5),
    ],
)
def test_damaged_metadata_is_refused(encoder, damage):
    metadata = json.loads(json.dumps(collection_schema(encoder).layout.metadata()))
    damage(metadata[METADATA_KEY])
    with pytest.raises(CollectionError, match="backup"):
        layout_from_metadata("verses", metadata)


def test_metadata_of_a_later_version_asks_for_an_upgrade(encoder):
    metadata = collection_schema(encoder).layout.metadata()
    metadata[METADATA_KEY]["version"] = 99
    with pytest.raises(CollectionError, match="upgrade"):
        layout_from_metadata("verses", metadata)


def test_a_schema_of_another_encoder_is_refused(encoder, other_encoder):
    with pytest.raises(FingerprintError, match="weights"):
        create_collection(QdrantClient(":memory:"), "verses", encoder, schema=collection_schema(other_encoder))


def test_a_schema_and_options_together_are_refused(encoder):
    with pytest.raises(OptionError, match="dims"):
        create_collection(QdrantClient(":memory:"), "verses", encoder, schema=collection_schema(encoder), dims=[64])
