"""Chapter 8: Tarsier2, describing video in detail, judged event by event."""
