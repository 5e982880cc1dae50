"""How harakat-mini is trained; `python -m harakat.training.mini --help`."""
