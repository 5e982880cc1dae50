"""`python -m harakat_recipes.mini`: rebuild harakat-mini from its teacher and a folder of texts."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

from harakat_recipes.mini.loop import prepare_work, train
from harakat_recipes.mini.settings import read_rounds

__all__ = ["main"]


def main() -> None:
    """Compute the teacher's vectors once, then train the rounds, resuming where an earlier run stopped."""
    parser = argparse.ArgumentParser(prog="python -m harakat_recipes.mini", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training texts (see texts.py)")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches, checkpoints and metrics")
    parser.add_argument("--out", type=Path, help="folder for the finished model; default WORK/model")
    parser.add_argument("--config", type=Path, help="JSON list of rounds (see settings.py); default mini.json")
    parser.add_argument("--prepare-only", action="store_true", help="compute the teacher's vectors and stop")
    options = parser.parse_args()
    rounds = read_rounds(options.config or Path(__file__).with_name("mini.json"))
    prepare_work(options.data, options.work, replace(rounds[0], glosses=max(settings.glosses for settings in rounds)))
    if options.prepare_only:
        return
    for number, settings in enumerate(rounds, 1):
        work = options.work / f"round-{number}"
        if number > 1:
            settings = replace(settings, start=str(options.work / f"round-{number - 1}" / "finished.pt"))
        train(options.data, options.work, work, work / "model", settings)
    shutil.copytree(work / "model", options.out or options.work / "model", dirs_exist_ok=True)


if __name__ == "__main__":
    main()
