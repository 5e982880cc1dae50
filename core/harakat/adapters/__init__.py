"""Shared parts of the integrations, which know no store.

Records and their ingestion, filters, fingerprints in collections, batching of concurrent calls.
"""

from __future__ import annotations

from harakat.adapters.ingestion import Change, Comparison, OnChange
from harakat.adapters.record import Hit, IngestReport, PreparedRecord, Record

__all__ = ["Change", "Comparison", "Hit", "IngestReport", "OnChange", "PreparedRecord", "Record"]
