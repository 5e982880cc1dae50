"""How harakat-mini is trained; `python -m harakat_recipes.mini --help`."""
