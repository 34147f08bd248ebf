"""Two kernels: a submission runs in one, the tests in another that never runs a line of it.

Between them goes plain data only (:mod:`~derived.grading.trusted.wire`). The submission's kernel
answers through :mod:`~derived.grading.trusted.agent`; in the kernel of the tests a name of the
submission is a stand-in from :mod:`~derived.grading.trusted.remote`.
"""
