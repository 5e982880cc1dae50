"""LangChain's own suites, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from langchain_harakat import HarakatEmbeddings


class OnTiny:
    """What both suites are told; the model is the tiny one."""

    folder: Path

    @pytest.fixture(autouse=True)
    def _folder(self, tiny_folder: Path) -> None:
        self.folder = tiny_folder

    @property
    def embeddings_class(self) -> type[HarakatEmbeddings]:
        return HarakatEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": str(self.folder), "dim": 32}


class TestUnit(OnTiny, EmbeddingsUnitTests):
    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        environment = {"HARAKAT_MODEL": str(self.folder), "HARAKAT_DIM": "16", "HARAKAT_DEVICE": "cpu"}
        return environment, {}, {"model": str(self.folder.resolve()), "dim": 16, "device": "cpu"}


class TestIntegration(OnTiny, EmbeddingsIntegrationTests):
    pass
