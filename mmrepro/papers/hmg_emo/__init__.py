"""Chapter hmg-emo: personal emotion as edge classification on a heterogeneous graph."""
