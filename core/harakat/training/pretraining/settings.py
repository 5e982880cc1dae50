"""Settings of both kinds of pretraining run, checked before anything is read or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harakat._support.option_checks import refuse_unknown
from harakat._support.setting_checks import check_flag, check_number, check_one_of, check_text, check_whole
from harakat.errors import OptionError
from harakat.training.checks import check_dims, read_object
from harakat.training.schedule import Schedule

if TYPE_CHECKING:
    from harakat.model.families.neoarabert_network import NeoAraBERTShape

__all__ = ["DistilSettings", "PretrainSettings", "read_settings"]

_Settings = TypeVar("_Settings", "PretrainSettings", "DistilSettings")
_SHORTEST = 8


@dataclass(frozen=True, kw_only=True)
class PretrainSettings(Schedule):
    """Settings of tokenizer, network and masked-LM training, beside those of `Schedule`.

    Attributes:
        vocabulary: Largest number of pieces of a tokenizer that is learnt.
        mark_strings: Largest number of mark strings that are one piece each.
        segmentation: Cut clitics off first.
        morphology: Folder of the segmentation's data; see `harakat.Encoder`.
        spelling: ``"imlai"`` for a model that reads everyday spelling, Uthmani text brought to it first.
        hidden_size: Width of the network.
        layers: Number of its blocks.
        heads: Number of attention heads a block.
        intermediate_size: Nominal feed-forward width; two thirds of it are built, as published.
        max_positions: Longest sequence that the network takes, in tokens.
        dims: Matryoshka dims that `config.json` names for later training; None for the full size and 256, 128 and 64
            where they are less.
        max_length: Number of tokens in a window of text, special tokens included; also the finished model's own length.
        share: Share of the words that are hidden (Devlin et al. 2019: 15%).
        marks_only: Share of those, among the marked ones, that keep their letters and lose their marks only.
    """

    lr: float = 5e-4
    epochs: float = 3.0
    vocabulary: int = 16_000
    mark_strings: int = 4_000
    segmentation: bool = False
    morphology: str | None = None
    spelling: str = "as-is"
    hidden_size: int = 384
    layers: int = 6
    heads: int = 6
    intermediate_size: int = 1536
    max_positions: int = 512
    dims: tuple[int, ...] | None = None
    max_length: int = 128
    share: float = 0.15
    marks_only: float = 0.2

    def __post_init__(self) -> None:
        where = "mlm"
        self.check_schedule(where)
        for name in ("vocabulary", "hidden_size", "layers", "heads", "intermediate_size", "max_positions"):
            check_whole(where, name, getattr(self, name), least=1)
        check_whole(where, "mark_strings", self.mark_strings, least=0)
        check_whole(where, "max_length", self.max_length, least=_SHORTEST)
        check_flag(where, "segmentation", self.segmentation)
        if self.morphology is not None:
            check_text(where, "morphology", self.morphology)
        check_one_of(where, "spelling", self.spelling, ("as-is", "imlai"))
        check_number(where, "share", self.share, above=0.0, below=1.0)
        check_number(where, "marks_only", self.marks_only, least=0.0)
        if self.marks_only > 1:
            raise OptionError(f"{where}: marks_only={self.marks_only} is a share and at most 1")
        if self.hidden_size % self.heads or self.hidden_size // self.heads % 2:
            raise OptionError(
                f"{where}: hidden_size={self.hidden_size} does not split into heads={self.heads} of an even width"
            )
        if self.max_length > self.max_positions:
            raise OptionError(f"{where}: max_length={self.max_length} is over max_positions={self.max_positions}")
        dims = check_dims(where, self.dims)
        if dims is None:
            dims = (self.hidden_size, *(dim for dim in (256, 128, 64) if dim < self.hidden_size))
        if dims[0] > self.hidden_size:
            raise OptionError(f"{where}: dims: {dims[0]} is over hidden_size={self.hidden_size}; leave it out")
        object.__setattr__(self, "dims", tuple(sorted({self.hidden_size, *dims}, reverse=True)))

    def shape(self, vocabulary: int) -> NeoAraBERTShape:
        """Return the network's dimensions, for a vocabulary of so many pieces."""
        from harakat.model.families.neoarabert_network import NeoAraBERTShape

        return NeoAraBERTShape(
            hidden_size=self.hidden_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            intermediate_size=self.intermediate_size,
            vocab_size=vocabulary,
            max_positions=self.max_positions,
        )


@dataclass(frozen=True, kw_only=True)
class DistilSettings(Schedule):
    """Settings of a distillation, beside those of `Schedule`.

    Attributes:
        dims: Matryoshka dims to hold to the teacher, the full size always among them; None for the student's.
        max_length: Number of tokens that a text is cut to, special tokens included; the student keeps its own length.
        role: Role of the texts for the teacher: ``"document"``, ``"query"`` or ``"text"``. It decides the prompt of
            a teacher that has some.
        axes: None holds the student to the teacher's vectors as they are. A number turns them to their principal axes
            first, centred, each scaled by its variance to the power -axes / 2, so that short prefixes are good from
            the start; the student's vectors then compare with one another and not with the teacher's.
    """

    lr: float = 3e-4
    epochs: float = 3.0
    dims: tuple[int, ...] | None = None
    max_length: int = 128
    role: str = "document"
    axes: float | None = None

    def __post_init__(self) -> None:
        where = "distil"
        self.check_schedule(where)
        check_whole(where, "max_length", self.max_length, least=_SHORTEST)
        check_one_of(where, "role", self.role, ("document", "query", "text"))
        object.__setattr__(self, "dims", check_dims(where, self.dims))
        if self.axes is not None:
            check_number(where, "axes", self.axes, least=0.0)


def read_settings(kind: type[_Settings], path: Path | None, changes: Mapping[str, Any]) -> _Settings:
    """Read settings from a file, with changes to it.

    Args:
        kind: Class of the settings.
        path: A JSON object with fields of `kind`; None for the defaults.
        changes: Fields to change.

    Raises:
        OptionError: The file cannot be read, or a field is unknown or impossible.
    """
    values = {**({} if path is None else read_object(path.expanduser(), "settings")), **changes}
    refuse_unknown(values, [item.name for item in fields(kind)], kind.__name__)
    return kind(**values)
