"""Recipes of model weights that ship with harakat; importable in a checkout, not part of the wheel."""
