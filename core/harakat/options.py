"""The options of an `Encoder`, each written once; signatures, settings of adapters and the command line follow them.

A new option is one field of `EncoderOptions` and one argument of `Encoder.__init__` (a test holds the two equal). No
import of this module loads NumPy or torch.
"""

from __future__ import annotations

import os
import re
import textwrap
import types
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = [
    "ATTENTION",
    "DTYPES",
    "OVERFLOW",
    "PRECISIONS",
    "SPELLINGS",
    "AttentionKind",
    "EncoderOptions",
    "Option",
    "Overflow",
    "Precision",
    "Spelling",
    "documented",
    "encoder_options",
    "options_that",
]

Precision = Literal["float32", "int8", "binary"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
Spelling = Literal["as-is", "imlai"]
SPELLINGS: tuple[str, ...] = get_args(Spelling)
Overflow = Literal["warn", "error", "chunk"]
OVERFLOW: tuple[str, ...] = get_args(Overflow)
AttentionKind = Literal["auto", "varlen", "xformers", "sdpa"]
ATTENTION: tuple[str, ...] = get_args(AttentionKind)
DTYPES = ("auto", "float32", "bfloat16", "float16", "int8")


@dataclass(frozen=True)
class Facts:
    """Properties of an option beside its type and its default.

    Attributes:
        help: Full description, as `help(harakat.Encoder)` shows it.
        brief: One line, for the fields of adapters.
        command: Help of the command line's option; None where the command line has none.
        least: Least number, or least number of characters of a text.
        choices: The only values, where the type does not list them.
        decides: Whether another value gives other vectors.
        machine: Whether it belongs to the machine that computes, not to the vectors.
        by_checkpoint: Whether None leaves it to the checkpoint; `Encoder` then has the value under the same name, and
            only the checkpoint knows which values are possible.
    """

    help: str
    brief: str
    command: str | None = None
    least: int = 1
    choices: tuple[str, ...] = ()
    decides: bool = False
    machine: bool = False
    by_checkpoint: bool = False


def _facts(help: str, **others: Any) -> dict[str, Facts]:
    return {"facts": Facts(" ".join(help.split()), **others)}


@dataclass(frozen=True)
class EncoderOptions:
    """Options of an `Encoder`, one field each; None leaves a choice to the checkpoint or to the library.

    `harakat.Encoder` says what they mean. Values are checked where an encoder is made, not here.
    """

    model: str | os.PathLike[str] = field(
        default="harakat-mini",
        metadata=_facts(
            "A short name (`harakat.available_models()`), a folder, or a hub id.",
            brief="Short name, folder, or hub id.",
            command="A short name (see `harakat models`), a folder, or a hub id. Default: harakat-mini, or the "
            "model that the collection was made with.",
            decides=True,
        ),
    )
    dim: int | None = field(
        default=None,
        metadata=_facts(
            """Matryoshka dim: how many values a vector has. None for the checkpoint's full size, or for the one that
            a SentenceTransformer folder was saved at.""",
            brief="Matryoshka dim: how many values a vector has.",
            command="Matryoshka dim: values in a vector. Default: all.",
            decides=True,
            by_checkpoint=True,
        ),
    )
    device: str = field(
        default="auto",
        metadata=_facts(
            """``"auto"`` (a CUDA GPU where there is one, else the CPU), ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or
            ``"mps"``.""",
            brief="Where the network runs.",
            command="'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'. Default: auto.",
            machine=True,
        ),
    )
    dtype: str = field(
        default="auto",
        metadata=_facts(
            """Numbers of the computation: ``"auto"`` and ``"float32"`` are exact; ``"float16"`` and ``"bfloat16"``
            are faster on a GPU and round each vector a little. Cosine to float32 at the published size, with random
            weights: 0.999998 and 0.9999. float16 may overflow, which is an error and never a wrong vector.
            ``"bfloat16"`` is also faster on a CPU with AVX-512 bfloat16. ``"int8"`` (weights and inputs of the linear
            layers; x86 CPUs with VNNI) is tried on loading: cosine to float32 0.999 on average, or it is refused.""",
            brief="Numbers of the computation.",
            command="'auto' and 'float32' are exact; 'bfloat16' and 'float16' are faster on a GPU, 'bfloat16' and "
            "'int8' on recent x86 CPUs.",
            choices=DTYPES,
            machine=True,
        ),
    )
    revision: str | None = field(
        default=None,
        metadata=_facts(
            "Branch, tag or commit of a hub model.",
            brief="Branch, tag or commit of a hub model; the commit, once it is open.",
            command="Branch, tag or commit of a hub model.",
            decides=True,
        ),
    )
    precision: Precision = field(
        default="float32",
        metadata=_facts(
            """``"float32"``, ``"int8"`` or ``"binary"`` output (see `harakat.model.pooling.to_precision`).""",
            brief="Numbers of the vectors that come out.",
            decides=True,
        ),
    )
    spelling: Spelling | None = field(
        default=None,
        metadata=_facts(
            """``"as-is"``, or ``"imlai"`` to read everything in everyday spelling (`harakat.arabic.to_imlai`) and
            with the marks of a letter in one order; what you store and show is never altered. None for what the
            checkpoint was trained on. It changes ids and vectors, so a collection made with one cannot be opened with
            the other.""",
            brief="Whether everything is read in everyday spelling.",
            command="'as-is', or 'imlai' to read Uthmani text in everyday spelling; what is stored is never "
            "altered. Default: as the model was trained.",
            decides=True,
            by_checkpoint=True,
        ),
    )
    segmentation: bool | None = field(
        default=None,
        metadata=_facts(
            "Whether clitics are split off by morphology. None for what the checkpoint says.",
            brief="Whether clitics are split off.",
            decides=True,
        ),
    )
    morphology: str | os.PathLike[str] | None = field(
        default=None,
        metadata=_facts(
            "Morphology data for segmentation: a catalogue name or a folder. None for the default.",
            brief="Morphology data for segmentation.",
            decides=True,
        ),
    )
    max_length: int | None = field(
        default=None,
        metadata=_facts(
            "Longest sequence in tokens, special tokens included. None for the checkpoint's.",
            brief="Longest sequence in tokens.",
            by_checkpoint=True,
        ),
    )
    overflow: Overflow = field(
        default="warn",
        metadata=_facts(
            """What happens to longer texts. ``"warn"`` keeps the beginning and warns with a count, ``"error"``
            refuses, ``"chunk"`` encodes windows and gives their length-weighted, renormalised mean.""",
            brief="What happens to longer texts.",
            command="What happens to texts over the model's length: 'warn' reads their beginning and counts them, "
            "'error' refuses, 'chunk' reads all of it. Default: warn.",
        ),
    )
    query_prompt: str | None = field(
        default=None,
        metadata=_facts(
            """Text put before each query. None for the checkpoint's own, ``""`` for none.""",
            brief="Text put before each query.",
            least=0,
            decides=True,
            by_checkpoint=True,
        ),
    )
    document_prompt: str | None = field(
        default=None,
        metadata=_facts(
            "Text put before each document, likewise.",
            brief="Text put before each document.",
            least=0,
            decides=True,
            by_checkpoint=True,
        ),
    )
    batch_tokens: int | None = field(
        default=None,
        metadata=_facts(
            """Most tokens in one forward pass. None for a size that suits the device: 2,048 on the CPU; on a GPU that
            has met two million tokens, a probe of about two seconds finds it.""",
            brief="Most tokens in one forward pass.",
            machine=True,
        ),
    )
    attention: AttentionKind = field(
        default="auto",
        metadata=_facts(
            """``"varlen"`` (FlashAttention over packed sequences: CUDA, bfloat16 or float16), ``"xformers"`` (its
            block-diagonal attention: CUDA, any dtype) or ``"sdpa"``. ``"auto"`` takes the first that the device and
            dtype allow; `attention` of the encoder says which. All give the same vectors but for rounding.""",
            brief="How attention is computed.",
            command="'auto', 'varlen', 'xformers' or 'sdpa'. Default: auto.",
            machine=True,
        ),
    )
    compile: bool = field(
        default=False,
        metadata=_facts(
            """Fuse norms, rotary positions and feed-forward gates with `torch.compile`. The first pass then takes up
            to a minute; worth it on a GPU for many texts.""",
            brief="Whether the network is compiled.",
            command="Fuse the network's small steps; takes a minute first. For a GPU.",
            machine=True,
        ),
    )
    workers: int = field(
        default=0,
        metadata=_facts(
            """Processes that tokenise ahead where a call has more than a few thousand texts; the ids are the same. 0
            tokenises in this process. A script that asks for workers needs its work under ``if __name__ ==
            "__main__":``.""",
            brief="Processes that tokenise ahead.",
            command="Processes that tokenise ahead of the device. Default: none.",
            least=0,
            machine=True,
        ),
    )
    allow_untrained_dim: bool = field(
        default=False,
        metadata=_facts(
            "Take a `dim` that the checkpoint was not trained for.",
            brief="Take a dim that the checkpoint was not trained for.",
        ),
    )
    offline: bool = field(
        default=False,
        metadata=_facts(
            "Never ask the network for files.",
            brief="Never ask the network for files.",
            command="Never ask the network for files.",
            machine=True,
        ),
    )
    cache_dir: str | os.PathLike[str] | None = field(
        default=None,
        metadata=_facts(
            "Hub cache to use instead of the default one.",
            brief="Hub cache to use.",
            command="Hub cache to use instead of the default one.",
            machine=True,
        ),
    )

    def given(self) -> dict[str, Any]:
        """Return the options that are not None, by name, in order."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Option:
    """A field of `EncoderOptions`, in the form that other lists of options are derived from.

    Attributes:
        name: Its name.
        type: ``str``, ``int`` or ``bool``; ``os.PathLike`` for a text that may be a path.
        optional: Whether it may be None.
        default: Its default.
        choices: The only values; () for any of the type.
        facts: Everything else.
    """

    name: str
    type: type
    optional: bool
    default: Any
    choices: tuple[str, ...]
    facts: Facts

    @property
    def json_schema(self) -> dict[str, Any]:
        """Its value as JSON schema (draft 7)."""
        if self.choices or self.facts.choices:
            return {"enum": list(self.choices or self.facts.choices)}
        if self.type is bool:
            return {"type": "boolean"}
        if self.type is int:
            return {"type": "integer", "minimum": self.facts.least}
        return {"type": "string", "minLength": self.facts.least}


@lru_cache
def encoder_options(of: type[EncoderOptions] = EncoderOptions) -> dict[str, Option]:
    """Return every option by its name, in the order of the fields.

    Args:
        of: The class; a subclass may add fields.
    """
    hints = get_type_hints(of)
    return {each.name: _read(each.name, hints[each.name], each.default, each.metadata["facts"]) for each in fields(of)}


def options_that(fact: Literal["decides", "machine", "by_checkpoint"]) -> tuple[str, ...]:
    """Return the names of the options for which a fact holds, in the order of the fields.

    Args:
        fact: ``"decides"`` (another value gives other vectors), ``"machine"`` (it belongs to the machine that
            computes) or ``"by_checkpoint"`` (None leaves it to the checkpoint).
    """
    return tuple(name for name, option in encoder_options().items() if getattr(option.facts, fact))


def _read(name: str, hint: Any, default: Any, facts: Facts) -> Option:
    assert default is not MISSING  # every option has one
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    kinds = [part for part in parts if part is not type(None)]
    choices = tuple(value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind))
    kind = os.PathLike if len(kinds) > 1 else str if choices else kinds[0]
    return Option(name, kind, len(kinds) < len(parts), default, choices, facts)


Class = TypeVar("Class", bound=type)


def documented(before: str) -> Callable[[Class], Class]:
    """Return a decorator that writes the options into a class's docstring, as its section Args.

    Args:
        before: The heading before which the section comes.
    """

    def decorate(cls: Class) -> Class:
        if cls.__doc__ is not None:  # with -OO there is none
            lines = ["    Args:"]
            for option in encoder_options().values():
                # Code is not broken across lines.
                help = re.sub(r"``.*?``", lambda code: code[0].replace(" ", "\0"), option.facts.help)
                lines += textwrap.wrap(
                    f"{option.name}: {help}",
                    120,
                    initial_indent=" " * 8,
                    subsequent_indent=" " * 12,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            cls.__doc__ = cls.__doc__.replace(
                f"    {before}:", "\n".join(lines).replace("\0", " ") + f"\n\n    {before}:", 1
            )
        return cls

    return decorate
