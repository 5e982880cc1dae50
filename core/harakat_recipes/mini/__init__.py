"""Training of harakat-mini; `python -m harakat_recipes.mini --help`."""
