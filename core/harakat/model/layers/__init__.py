"""Layers shared by the networks: attention, linear layers for CPUs, the dictionary of whole words."""
