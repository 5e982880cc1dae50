"""Files of a model from the hub: only JSON and safetensors, and errors that name the way out."""

from __future__ import annotations

import os
from pathlib import Path

from harakat.errors import ModelUnavailableError, UnknownModelError

__all__ = ["NEEDED_FILES", "fetch", "is_cached"]

NEEDED_FILES = (
    "*.json",
    "*.safetensors",
    "1_Pooling/config.json",
    "2_Dense/config.json",
    "2_Dense/model.safetensors",
    "README.md",
)
"""What is fetched from a hub repository. No Python file and no pickle is ever among them."""


def is_cached(hub_id: str) -> bool:
    """Return True where the files of a repository are in this machine's cache."""
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(hub_id, "config.json"), str)


def fetch(hub_id: str, revision: str | None, cache_dir: str | os.PathLike[str] | None, offline: bool) -> Path:
    """Bring the files of a repository here, or find them in the cache.

    Args:
        hub_id: Owner and name.
        revision: Branch, tag or commit; None for the default branch.
        cache_dir: Cache to use instead of the default one.
        offline: Never ask the network.

    Returns:
        The folder of the files, named by their commit.

    Raises:
        UnknownModelError: The id is not valid.
        ModelUnavailableError: The files are not here and could not be fetched.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        GatedRepoError,
        HFValidationError,
        HTTPError,  # the base of what its HTTP client raises
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
        XetDownloadError,
    )

    offline = offline or constants.is_offline_mode()
    at = f"{hub_id!r}" + (f" at revision {revision!r}" if revision else "")
    try:
        return Path(
            snapshot_download(
                hub_id,
                revision=revision,
                cache_dir=None if cache_dir is None else os.fspath(cache_dir),
                allow_patterns=list(NEEDED_FILES),
                local_files_only=offline,
            )
        )
    except HFValidationError as error:
        raise UnknownModelError(f"model={hub_id!r} is not a valid hub id: {error}") from error
    except GatedRepoError as error:
        raise ModelUnavailableError(
            f"{at} is gated: accept its terms on the hub and log in with `hf auth login`"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelUnavailableError(f"{hub_id!r} has no revision {revision!r}; name a branch, tag or commit") from error
    except RepositoryNotFoundError as error:
        raise ModelUnavailableError(
            f"{at} is not on the hub, or is private: check the spelling, or log in with `hf auth login`"
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        why = "the hub may not be asked (offline)" if offline else "the hub cannot be reached"
        flag = f" --revision {revision}" if revision else ""
        raise ModelUnavailableError(
            f"{at} is not in this machine's hub cache and {why}. On a connected machine run "
            f"`harakat fetch {hub_id}{flag}`, copy the cache folder (HF_HOME) here, or give the path of a folder "
            f"that holds the files"
        ) from error
    except (HTTPError, XetDownloadError, OSError) as error:
        raise ModelUnavailableError(f"{at} could not be fetched from the hub: {error}") from error
