"""The entry point of the `harakat` command."""

from __future__ import annotations

import sys
from typing import Any

from harakat._support.extras import require
from harakat.errors import MissingExtraError

app: Any
try:
    require("typer", "cli")
    require("rich", "cli")
except MissingExtraError as _error:
    _hint = str(_error)

    def app() -> None:
        """Say what is missing: there is no command line without its libraries."""
        sys.stderr.write(f"harakat: {_hint}\n")
        sys.exit(2)
else:
    from harakat_cli.application import app

if __name__ == "__main__":
    app()
