"""Rows of data sets from the hub, through `datasets`: one commit, and nothing fetched when offline."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harakat._support.extras import require
from harakat.data.readers import Row
from harakat.data.source import Source
from harakat.errors import DataUnavailableError, OptionError

__all__ = ["HubData", "open_hub"]

_COMMIT = re.compile(r"[0-9a-f]{40}")


class HubData:
    """Rows of one split of a data set.

    Args:
        dataset: A `datasets.Dataset`.
        commit: The commit it was read at; None for a local folder.
    """

    def __init__(self, dataset: Any, commit: str | None) -> None:
        self._dataset = dataset
        self.commit = commit

    def __len__(self) -> int:
        return len(self._dataset)

    def rows(self, indices: list[int] | None = None) -> Iterator[Row]:
        """Yield rows with their indices.

        Args:
            indices: Rows to read, in this order; None for all.
        """
        chosen = self._dataset if indices is None else self._dataset.select(indices)
        for place, fields in enumerate(chosen):
            yield (place if indices is None else indices[place]), fields


def open_hub(source: Source, *, offline: bool = False) -> HubData:
    """Open the data set of a source; ``HF_HUB_OFFLINE=1`` keeps to the cache.

    Args:
        source: With `hub`: a hub id, or a folder with parquet, JSON or CSV files.
        offline: Keep to the cache in any case.

    Raises:
        MissingExtraError: `datasets` is not installed.
        OptionError: The data set has no such configuration or split.
        DataUnavailableError: It is not here and cannot be fetched.
    """
    require("datasets", "train")
    from datasets import DownloadConfig, load_dataset
    from datasets.exceptions import DatasetsError
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError

    name = os.fspath(source.hub or "")
    local = Path(name).expanduser().is_dir()
    asked_offline = "offline=True" if offline else "HF_HUB_OFFLINE"
    offline = (offline or constants.is_offline_mode()) and not local
    if offline and source.revision is not None and not _COMMIT.fullmatch(source.revision):
        raise OptionError(
            f"data.{source.name}: revision={source.revision!r}: offline nobody can say which commit that is; give the "
            f"commit itself (run.json of an earlier run has it), or null for what is in the cache"
        )
    commit = source.revision if local or offline else _commit(source)
    at = f"data.{source.name}: {name!r}" + (f" at revision {source.revision!r}" if source.revision else "")
    try:
        dataset = load_dataset(
            str(Path(name).expanduser()) if local else name,
            source.config,
            split=source.split,
            revision=None if local else commit,
            download_config=DownloadConfig(local_files_only=offline),
        )
    except (DatasetsError, OSError, HfHubHTTPError) as error:
        why = f"the hub may not be asked ({asked_offline})" if offline else str(error).split("\n")[0]
        raise DataUnavailableError(
            f"{at} cannot be read: {why}. Check the id, or fetch it on a connected machine and copy the cache "
            f"(HF_HOME) here, or give a local file with data.{source.name}.path"
        ) from error
    except ValueError as error:
        raise OptionError(f"{at}, config={source.config!r}, split={source.split!r}: {error}") from error
    if offline:
        # Offline `datasets` takes the newest that it has, whatever was asked for.
        commit = _cached_commit(dataset)
        if source.revision not in (None, commit):
            raise DataUnavailableError(
                f"{at} is not in the cache, which holds {commit}; fetch it where there is a network"
            )
    return HubData(dataset, None if local else commit)


def _cached_commit(dataset: Any) -> str | None:
    """Return the commit that a cached data set was made from: `datasets` names a folder of its cache by it."""
    parts = [part for file in dataset.cache_files for part in Path(file["filename"]).parts]
    return next((part for part in parts if _COMMIT.fullmatch(part)), None)


def _commit(source: Source) -> str:
    """Ask the hub for the commit of a revision, so that every process and every resume reads the same files."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, HTTPError  # type: ignore[attr-defined]

    name = str(source.hub)
    try:
        found = HfApi().dataset_info(name, revision=source.revision).sha
    except HFValidationError as error:
        raise OptionError(f"data.{source.name}: hub={name!r} is neither a folder nor a hub id: {error}") from error
    except (HTTPError, OSError) as error:
        raise DataUnavailableError(
            f"data.{source.name}: the hub cannot say where {name!r} stands: {str(error).splitlines()[0]}. Check the id "
            f"and the connection; with HF_HUB_OFFLINE=1 what is in the cache is used"
        ) from error
    return str(found)
