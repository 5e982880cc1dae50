"""From a model's name, folder or hub id to a local folder of files. Nothing here reads the files."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harakat.errors import UnknownModelError
from harakat.model.checkpoints.hub import fetch, is_cached

__all__ = ["KNOWN_MODELS", "KnownModel", "Located", "ModelInfo", "available_models", "locate"]

BUNDLED_FOLDER = Path(__file__).parents[1] / "bundled"

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True)
class KnownModel:
    """A model with a short name.

    Attributes:
        name: The short name.
        hub_id: Its repository on the hub; None for the bundled model.
        dims: Trained Matryoshka dims, largest first; () where only the full size is trained.
        licence: The licence of the weights.
        about: One line for a person.
    """

    name: str
    hub_id: str | None
    dims: tuple[int, ...]
    licence: str
    about: str


KNOWN_MODELS: dict[str, KnownModel] = {
    model.name: model
    for model in (
        KnownModel(
            "harakat-mini",
            None,
            (384, 256, 128, 64),
            "MIT",
            "small, bundled, works offline; the default",
        ),
        KnownModel(
            "neoarabert-msa-synonym",
            "Omartificial-Intelligence-Space/NeoAraBERT-MSA-Synonym-Matryoshka-V1",
            (768, 512, 256, 128, 64),
            "CC BY-SA 4.0",
            "fine-tuned for synonyms and similarity; the strongest on marked text",
        ),
        KnownModel("neoarabert-msa", "U4RASD/NeoAraBERT_MSA", (), "CC BY-SA 4.0", "pretrained on standard Arabic"),
        KnownModel("neoarabert-da", "U4RASD/NeoAraBERT_DA", (), "CC BY-SA 4.0", "pretrained on dialects"),
        KnownModel("neoarabert-mix", "U4RASD/NeoAraBERT", (), "CC BY-SA 4.0", "pretrained on both"),
    )
}


@dataclass(frozen=True)
class ModelInfo:
    """A row of `available_models()`.

    Attributes:
        name: The short name to give to `Encoder`.
        source: ``"bundled"`` or the hub id.
        dims: Trained Matryoshka dims, largest first; () where only the full size is trained.
        licence: The licence of the weights.
        about: One line for a person.
        local: Whether its files are on this machine now.
    """

    name: str
    source: str
    dims: tuple[int, ...]
    licence: str
    about: str
    local: bool


@dataclass(frozen=True)
class Located:
    """Place of a model's files.

    Attributes:
        name: The name to show: the short name, the hub id, or the folder's name.
        folder: The folder with the files.
        revision: The commit of a hub model, else None.
        known: The entry of `KNOWN_MODELS`, if it has one.
    """

    name: str
    folder: Path
    revision: str | None = None
    known: KnownModel | None = None


def available_models() -> list[ModelInfo]:
    """List the models with a short name, the default first. Asks nothing of the network."""
    return [
        ModelInfo(m.name, m.hub_id or "bundled", m.dims, m.licence, m.about, m.hub_id is None or is_cached(m.hub_id))
        for m in KNOWN_MODELS.values()
    ]


def locate(
    model: str | os.PathLike[str],
    *,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    offline: bool = False,
) -> Located:
    """Find a model's files, fetching them from the hub where they are not here yet.

    Args:
        model: A short name (see `available_models`), a folder, or a hub id such as ``"U4RASD/NeoAraBERT_MSA"``.
            A short name wins over a folder of the same name; write ``"./harakat-mini"`` for the folder.
        revision: Branch, tag or commit of a hub model.
        cache_dir: Hub cache to use instead of the default one (HF_HOME, HF_HUB_CACHE).
        offline: Never ask the network; HF_HUB_OFFLINE=1 does the same for a whole process.

    Raises:
        UnknownModelError: Neither a known name, nor a folder, nor a hub id; or a revision for local files.
        ModelUnavailableError: The files are not here and could not be fetched.
    """
    if not isinstance(model, str | os.PathLike):
        raise UnknownModelError(f"model={model!r} is a {type(model).__name__}; give a name, a folder or a hub id")
    text = os.fspath(model)
    known = KNOWN_MODELS.get(text) if isinstance(model, str) else None
    if known is None:
        known = next((m for m in KNOWN_MODELS.values() if m.hub_id == text), None)
    folder = Path(text).expanduser()
    if known and known.hub_id is None:
        _refuse_revision(text, revision)
        return Located(known.name, BUNDLED_FOLDER, known=known)
    if known is None and text and folder.is_dir():
        _refuse_revision(text, revision)
        return Located(folder.resolve().name, folder.resolve())
    if known is None and (not isinstance(model, str) or not HUB_ID.fullmatch(text)):
        raise UnknownModelError(_unknown(text))
    hub_id = known.hub_id if known and known.hub_id else text
    path = fetch(hub_id, revision, cache_dir, offline)
    return Located(known.name if known else hub_id, path, path.name, known)


def _unknown(text: str) -> str:
    names = ", ".join(KNOWN_MODELS)
    message = f"model={text!r} is no known name, no folder and no hub id of the form owner/name; known: {names}"
    close: Sequence[str] = difflib.get_close_matches(text, KNOWN_MODELS, n=1)
    return message + (f". Did you mean {close[0]!r}?" if close else "")


def _refuse_revision(text: str, revision: str | None) -> None:
    if revision is not None:
        raise UnknownModelError(
            f"revision={revision!r} was given for {text!r}, whose files are local and have no revisions; leave it out"
        )
