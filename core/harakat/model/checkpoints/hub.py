"""Files of a model from the hub: only JSON and safetensors, and errors that name the way out."""

from __future__ import annotations

import hashlib
import os
import re
import time
from pathlib import Path
from typing import Any

from harakat.errors import CheckpointError, ModelUnavailableError, UnknownModelError

__all__ = ["NEEDED_FILES", "checksums", "fetch", "is_cached", "refuse_damaged"]

NEEDED_FILES = (
    "*.json",
    "*.safetensors",
    "1_Pooling/config.json",
    "2_Dense/config.json",
    "2_Dense/model.safetensors",
    "README.md",
)
"""Files that are fetched from a hub repository. No Python file and no pickle is ever among them."""


STATUS = {
    401: "it wants a login, or the token is not valid; log in with `hf auth login`",
    403: "this login may not read it; ask its owner, or log in as somebody who may with `hf auth login`",
    404: "it has no such file or revision; check the spelling",
    429: "too many requests from here; wait some minutes, or log in with `hf auth login` for a higher limit",
}
"""Reasons by HTTP status, and the way out."""
CHECKSUM = re.compile(r"(?:W/)?\"?[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}\"?")
"""An ETag that can be a file's name: the hub's client names files of its cache by it, without a look at it."""


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
        CheckpointError: A file that was fetched differs from the hub's checksum; it is deleted again.
    """
    from huggingface_hub import constants, get_session, snapshot_download
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        GatedRepoError,
        HfHubHTTPError,
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
    started = time.time()
    _guard(get_session())
    try:
        folder = Path(
            snapshot_download(
                hub_id,
                revision=revision,
                cache_dir=None if cache_dir is None else os.fspath(cache_dir),
                allow_patterns=list(NEEDED_FILES),
                local_files_only=offline,
            )
        )
        _check_new(folder, started)
        return folder
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
    except HfHubHTTPError as error:
        status = error.response.status_code
        known = STATUS.get(status, "the hub has a fault of its own; try again later" if status >= 500 else str(error))
        raise ModelUnavailableError(f"{at} could not be fetched: the hub answered {status}: {known}") from error
    except (HTTPError, XetDownloadError, OSError) as error:
        raise ModelUnavailableError(f"{at} could not be fetched from the hub: {error}") from error


def checksums(path: Path) -> tuple[str, str, str]:
    """Compute the checksums of a file of the cache.

    Returns:
        Its SHA-256, the checksum that the hub gave for it ("" where it gave none), and the file's own of that kind.
    """
    size = path.stat().st_size
    sha256, git = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            sha256.update(block)
            git.update(block)
    # The hub's cache names each file by the checksum that the hub gave: SHA-256, or git's for small files.
    expected = path.resolve().name if path.is_symlink() else ""
    actual = {64: sha256.hexdigest(), 40: git.hexdigest()}.get(len(expected))
    return sha256.hexdigest(), expected if actual else "", actual or ""


def refuse_damaged(path: Path, expected: str, actual: str) -> None:
    """Delete a file of the cache that differs from the hub's checksum, so that nobody opens it, and say so.

    Raises:
        CheckpointError: It differs.
    """
    if actual != expected:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise CheckpointError(
            f"{path} is damaged: its checksum is {actual}, the hub's is {expected}; it was deleted, fetch it again"
        )


def _check_new(folder: Path, since: float) -> None:
    """Compare the files that came after a time (seconds since the epoch) with the hub's checksums."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_mtime >= since - 2:
            refuse_damaged(path, *checksums(path)[1:])


def _guard(client: Any) -> None:
    """Make the hub's client refuse answers whose ETag would name a file outside its cache."""
    hooks = client.event_hooks
    if _refuse_bad_etag not in hooks["response"]:
        client.event_hooks = {**hooks, "response": [*hooks["response"], _refuse_bad_etag]}


def _refuse_bad_etag(response: Any) -> None:
    for name in ("X-Linked-Etag", "ETag"):
        value = response.headers.get(name)
        if value is not None and not CHECKSUM.fullmatch(value):
            raise ModelUnavailableError(
                f"the hub at {response.request.url.host!r} gave the {name} {value[:100]!r}, which is no checksum; "
                f"nothing was written"
            )
