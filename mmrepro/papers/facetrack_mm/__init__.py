"""FaceTrack-MM (arXiv 2501.07978): facial expressions told in order, and whose they are."""
