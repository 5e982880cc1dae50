"""Checkpoint folders: names and hub ids, configuration, weights, and the fingerprint of vectors."""
