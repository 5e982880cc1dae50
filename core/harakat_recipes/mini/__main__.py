"""`python -m harakat_recipes.mini`: rebuild harakat-mini from its teacher and a folder of texts."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

__all__ = ["main"]

_RECIPE = Path(__file__).with_name("mini.json")


def main() -> None:
    """Compute the teacher's vectors once, then train the rounds, resuming where an earlier run stopped."""
    parser = argparse.ArgumentParser(prog="python -m harakat_recipes.mini", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training texts (see texts.py)")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches, checkpoints and metrics")
    parser.add_argument("--out", type=Path, help="folder for the finished model; default WORK/model")
    parser.add_argument("--config", type=Path, default=_RECIPE, help="JSON list of rounds (see settings.py)")
    parser.add_argument("--prepare-only", action="store_true", help="compute the teacher's vectors and stop")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; default 2")
    options = parser.parse_args()

    import torch

    from harakat_recipes.mini.loop import FINISHED, train
    from harakat_recipes.mini.preparation import prepare_work
    from harakat_recipes.mini.settings import read_rounds

    rounds = read_rounds(options.config)
    torch.set_num_threads(options.threads)
    caches = prepare_work(options.data, options.work, rounds)
    if options.prepare_only:
        return
    start = None
    for number, settings in enumerate(rounds, 1):
        work = options.work / f"round-{number}"
        train(options.data, caches, work, work / "model", settings, start=start)
        start = work / FINISHED
    shutil.copytree(work / "model", options.out or options.work / "model", dirs_exist_ok=True)


if __name__ == "__main__":
    main()
