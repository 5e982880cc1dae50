"""An existing collection's schema says which Matryoshka dim fits, or why none does."""

from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from harakat.adapters.collection_fingerprint import fingerprint_metadata
from harakat.errors import CollectionError, DimError, FingerprintError, OptionError
from qdrant_harakat import create_collection, fit_to, open_collection

COSINE, DOT, EUCLID = models.Distance.COSINE, models.Distance.DOT, models.Distance.EUCLID


def having(vectors) -> QdrantClient:
    client = QdrantClient(":memory:")
    client.create_collection("theirs", vectors_config=vectors)
    return client


def params(size, distance=COSINE, **more):
    return models.VectorParams(size=size, distance=distance, **more)


@pytest.mark.parametrize("size", [64, 32, 16])
@pytest.mark.parametrize("distance", [COSINE, DOT])
def test_the_unnamed_vector(encoder, size, distance):
    fit = fit_to(having(params(size, distance)), "theirs", encoder)
    assert (fit.dim, fit.vector, fit.encoder.dim, fit.verified) == (size, "", size, False)
    assert fit.distance == distance.value.lower()


def test_the_fitted_encoder_gives_what_the_collection_takes(encoder, verses):
    client = having({"v": params(32)})
    fit = fit_to(client, "theirs", encoder)
    vector = fit.encoder.encode(verses[0].text)
    client.upsert("theirs", [models.PointStruct(id=1, vector={fit.vector: vector.tolist()})])
    full = encoder.encode(verses[0].text)[:32]
    np.testing.assert_allclose(vector, full / np.linalg.norm(full), atol=1e-6)


def test_a_named_vector_among_others(encoder):
    client = having({"image": params(512), "text": params(32), "far": params(64, EUCLID)})
    assert (fit_to(client, "theirs", encoder).dim, fit_to(client, "theirs", encoder).vector) == (32, "text")


def test_the_largest_of_several(encoder):
    assert fit_to(having({"a": params(16), "b": params(64), "c": params(32)}), "theirs", encoder).dim == 64


def test_a_vector_can_be_asked_for(encoder):
    client = having({"a": params(16), "b": params(64), "c": params(48)})
    assert fit_to(client, "theirs", encoder, vector="a").dim == 16
    with pytest.raises(DimError, match="'c' has size 48"):
        fit_to(client, "theirs", encoder, vector="c")
    with pytest.raises(CollectionError, match="no vector 'd'.*'a', 'b', 'c'"):
        fit_to(client, "theirs", encoder, vector="d")


@pytest.mark.parametrize("size", [1, 17, 63, 65, 768])
def test_sizes_that_do_not_fit_are_explained(encoder, size):
    with pytest.raises(DimError, match=rf"dims 64, 32, 16.*the unnamed vector has size {size}"):
        fit_to(having(params(size)), "theirs", encoder)


@pytest.mark.parametrize("distance", [EUCLID, models.Distance.MANHATTAN])
def test_distances_that_do_not_fit_are_explained(encoder, distance):
    with pytest.raises(CollectionError, match=rf"{distance.value.lower()} distance.*trained for cosine"):
        fit_to(having(params(64, distance)), "theirs", encoder)


def test_multivectors_and_whole_numbers_do_not_fit(encoder):
    multi = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    client = having(
        {
            "tokens": params(64, multivector_config=multi),
            "bytes": params(64, datatype=models.Datatype.UINT8),
            "odd": params(48),
        }
    )
    with pytest.raises(CollectionError, match=r"'tokens' is a multivector.*'bytes' stores whole numbers.*'odd'"):
        fit_to(client, "theirs", encoder)


def test_a_collection_without_dense_vectors(encoder):
    client = QdrantClient(":memory:")
    client.create_collection("sparse", sparse_vectors_config={"words": models.SparseVectorParams()})
    with pytest.raises(CollectionError, match="no dense vectors"):
        fit_to(client, "sparse", encoder)


def test_no_collection(client, name, encoder):
    with pytest.raises(CollectionError, match="does not exist"):
        fit_to(client, name, encoder)


@pytest.mark.parametrize("dim", [64, 32, 16])
def test_our_own_collection_in_any_store(client, name, encoder, dim):
    create_collection(client, name, encoder.with_options(dim=32))
    fit = fit_to(client, name, encoder.with_options(dim=dim))
    assert (fit.dim, fit.vector, fit.verified) == (32, "dim_32", True)
    assert fit_to(client, name, encoder, vector="dim_16").dim == 16


def test_our_own_collection_of_another_model(client, name, encoder, other_encoder):
    create_collection(client, name, encoder)
    with pytest.raises(FingerprintError, match="weights"):
        fit_to(client, name, other_encoder)


def test_a_quantised_encoder(encoder):
    with pytest.raises(OptionError, match="float32"):
        fit_to(having(params(64)), "theirs", encoder.with_options(precision="int8"))


def test_a_collection_that_another_adapter_stamped(encoder, other_encoder):
    client = QdrantClient(":memory:")
    made_by = fingerprint_metadata(encoder.with_options(dim=32))
    client.create_collection("theirs", vectors_config=params(32), metadata=made_by)
    fit = fit_to(client, "theirs", encoder)
    assert (fit.dim, fit.verified) == (32, True)
    with pytest.raises(FingerprintError, match="weights"):
        fit_to(client, "theirs", other_encoder)
    with pytest.raises(FingerprintError, match="weights"):
        open_collection(client, "theirs", other_encoder.with_options(dim=32), adopt=True)
    assert open_collection(client, "theirs", fit.encoder, adopt=True).dims == (32,)
