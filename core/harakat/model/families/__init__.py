"""Model families that harakat reads: NeoAraBERT and harakat-mini."""
