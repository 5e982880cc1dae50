"""SentenceTransformers as embedders, and opening them from a folder, the cache or the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harakat._support.extras import require
from harakat.embedders.base import Embedder, Role
from harakat.errors import CheckpointError, ModelUnavailableError

__all__ = ["from_sentence_transformer", "open_sentence_transformer"]


def from_sentence_transformer(model: Any, name: str | None, prompts: dict[Role, str]) -> Embedder:
    """Make an embedder of a SentenceTransformer.

    Args:
        model: The SentenceTransformer.
        name: For tables; None for a general one.
        prompts: Texts put before each text by its role, in place of the model's own.
    """
    size = int(model.get_embedding_dimension())
    facts = {
        "model": name or "SentenceTransformer",
        "revision": getattr(model.model_card_data, "base_model_revision", None),
        "device": str(model.device),
        "dtype": str(model.dtype).removeprefix("torch."),
        "max_length": model.max_seq_length,
        "prompts": dict(prompts) or dict(model.prompts),
    }

    def encode(texts: list[str], role: Role) -> Any:
        given = {"prompt": prompts[role]} if role in prompts else {}
        calls = {"text": model.encode, "query": model.encode_query, "document": model.encode_document}
        return calls[role](texts, show_progress_bar=False, convert_to_numpy=True, **given).astype(np.float32)

    return Embedder(name or "SentenceTransformer", encode, (size,), facts)


def open_sentence_transformer(
    name: str, *, device: str, dtype: str, revision: str | None, offline: bool, cache_dir: str | None
) -> tuple[Any, str | None]:
    """Open a model of the hub or of a folder, never with remote code.

    Args:
        name: The hub id or the folder.
        device: As in `harakat.Encoder`.
        dtype: As in `harakat.Encoder`.
        revision: Branch, tag or commit.
        offline: Never ask the network.
        cache_dir: Hub cache to use instead of the default one.

    Returns:
        The SentenceTransformer, and the commit it was read at; None for a folder.

    Raises:
        ModelUnavailableError: It is not here and cannot be fetched.
        CheckpointError: It does not load.
        MissingExtraError: sentence-transformers is not installed.
    """
    require("sentence_transformers", "sentence-transformers")
    from huggingface_hub.errors import HfHubHTTPError
    from sentence_transformers import SentenceTransformer

    folder = Path(name).expanduser()
    local = folder.is_dir() or _only_here(name, revision, offline)
    try:
        model = SentenceTransformer(
            str(folder) if folder.is_dir() else name,
            device=None if device == "auto" else device,
            revision=revision,
            local_files_only=local,
            cache_folder=cache_dir,
            trust_remote_code=False,
            model_kwargs={} if dtype == "auto" else {"dtype": dtype},
        )
    except (OSError, HfHubHTTPError) as error:
        why = str(error).splitlines()[0].rstrip(".")
        raise ModelUnavailableError(
            f"{name!r} cannot be opened with sentence-transformers: {why}. Fetch it on a connected machine and copy "
            f"the cache (HF_HOME) here, or give the path of a folder"
        ) from error
    except (ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(f"{name!r} does not load with sentence-transformers: {error}") from error
    return model, None if folder.is_dir() else _commit_in_cache(name, revision, cache_dir) or revision


def _only_here(name: str, revision: str | None, offline: bool) -> bool:
    """Return whether a hub model can only come from the cache.

    sentence-transformers would find that out in minutes, file by file.

    Raises:
        ModelUnavailableError: The hub says that it has no such model.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        HFValidationError,
        HTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if offline or constants.is_offline_mode():
        return True
    try:
        HfApi().model_info(name, revision=revision, timeout=30)
    except HFValidationError as error:
        raise ModelUnavailableError(f"{name!r} is neither a folder nor a hub id: {error}") from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        at = f" at revision {revision!r}" if revision else ""
        raise ModelUnavailableError(f"the hub has no {name!r}{at}, or not for you; check the id, or log in") from error
    except (HTTPError, OSError):
        return True
    return False


def _commit_in_cache(name: str, revision: str | None, cache_dir: str | None) -> str | None:
    """Return the commit of a revision (None: of the newest) in the cache; None where it is not there."""
    from huggingface_hub import try_to_load_from_cache

    for file in ("modules.json", "config.json"):
        found = try_to_load_from_cache(name, file, cache_dir=cache_dir, revision=revision)
        if isinstance(found, str):
            return Path(found).parent.name
    return None
