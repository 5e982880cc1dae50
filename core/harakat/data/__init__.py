"""Data sets for training and evaluation: readers of rows, the hub, splits."""
