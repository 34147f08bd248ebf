"""Side-by-side timings of the library: one process, one thread, ratios. Run ``make bench``.

The thread limits stand here because they must be set before NumPy is imported.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
