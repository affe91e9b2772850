"""HMG-Emo (arXiv 2501.07746): personal emotion as edge classification on a heterogeneous graph."""

import warnings

# torch-geometric compiles parts of itself with it when it is imported; a reader can do nothing about it.
warnings.filterwarnings("ignore", message="`torch.jit.script` is deprecated", category=FutureWarning)
