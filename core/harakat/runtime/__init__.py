"""From texts to vectors: batches, windows, the device, and what bounds their memory."""
