"""The book's one training loop, with its batches, history and checkpoints.

``train`` is meant to be read: it is the loop of the lectures, on Hugging Face Accelerate, so that
the same lines run on a CPU, on one GPU, and on several GPUs or machines.
"""

try:
    import accelerate as _accelerate  # noqa: F401
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        "the training loop needs PyTorch and Accelerate: pip install torch accelerate"
    ) from error

from .checkpoint import CheckpointError
from .history import Epoch, History
from .loop import train
from .sources import Batches, batches

__all__ = ["Batches", "CheckpointError", "Epoch", "History", "batches", "train"]
