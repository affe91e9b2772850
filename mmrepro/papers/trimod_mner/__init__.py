"""TriMod (arXiv 2501.08267): text, hashtags and captions for named entities in tweets."""
