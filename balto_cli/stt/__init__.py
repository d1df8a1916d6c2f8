"""A segment or a file in, a `Transcript` out: one file a provider, one interface for all."""
