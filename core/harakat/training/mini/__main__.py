"""`python -m harakat.training.mini`: rebuild harakat-mini from its teacher and a folder of texts."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from harakat.training.mini.loop import Settings, prepare_work, train

__all__ = ["main"]


def main() -> None:
    """Prepare the work folder (teacher's vectors, once), then train, resuming where an earlier run stopped."""
    parser = argparse.ArgumentParser(prog="python -m harakat.training.mini", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training texts (see texts.py)")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches, checkpoints and metrics")
    parser.add_argument("--out", type=Path, help="folder for the finished model; default WORK/model")
    parser.add_argument("--config", type=Path, help="JSON with fields of Settings; default mini.json beside this")
    parser.add_argument("--prepare-only", action="store_true", help="compute the teacher's vectors and stop")
    options = parser.parse_args()
    config = options.config or Path(__file__).with_name("mini.json")
    settings = Settings(**json.loads(config.read_text("utf-8")))
    prepare_work(options.data, options.work, settings)
    (options.work / "settings.json").write_text(json.dumps(dataclasses.asdict(settings), indent=2), "utf-8")
    if not options.prepare_only:
        train(options.data, options.work, options.out or options.work / "model", settings)


if __name__ == "__main__":
    main()
