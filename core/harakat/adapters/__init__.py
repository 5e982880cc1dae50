"""Shared parts of the integrations: fingerprints in collections, batching of concurrent calls."""
