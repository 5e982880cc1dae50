"""Shared helpers that know nothing of Arabic, models or stores: checks, files, locks, optional dependencies."""
