"""Data sets for training and evaluation: sources, readers of rows, the hub, triplets, splits."""
