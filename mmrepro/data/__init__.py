"""Data sets: manifests, sources, verification and safe readers."""
