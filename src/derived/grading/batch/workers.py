"""Where units of work are graded: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import Any

from derived.grading.errors import CourseError
from derived.grading.sandbox import selftest
from derived.grading.sandbox.limits import Limits

from .work import Graded, WorkUnit, grade_unit

__all__ = ["on_cluster", "on_this_machine"]

AHEAD = 2  # units that wait for each worker: they are in memory
TRIES = 2  # of a unit whose worker died
CONNECT_SECONDS = 10


def _die_with_grader() -> None:
    """End this worker, and with it its kernels, as soon as the grader is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader itself
    grader = multiprocessing.parent_process()
    assert grader is not None

    def follow() -> None:
        grader.join()
        os._exit(1)

    # The system's own signal would come at the death of the process that this one is a copy of,
    # and that one waits for its copies.
    threading.Thread(target=follow, daemon=True).start()


def _lost(unit: WorkUnit, why: str) -> Graded:
    return Graded(unit.student, unit.digest(), {}, dict.fromkeys(unit.notebooks, why), {}, 0.0)


@functools.cache
def _context() -> BaseContext:
    """Return how workers are started: as copies of one process that has imported what they need.

    To import nbgrader takes seconds of processor time, which so is spent once and not in each.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([grade_unit.__module__])
    return context


def _pool(jobs: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(jobs, mp_context=_context(), initializer=_die_with_grader)


def on_this_machine(units: Iterable[WorkUnit], jobs: int) -> Iterator[Graded]:
    """Grade units in so many processes; yield each result as soon as it is there.

    A unit whose worker dies (the machine's memory, say) is tried once more, alone.
    """
    waiting = iter(units)
    suspects: list[WorkUnit] = []
    running: dict[Future[Graded], WorkUnit] = {}
    pool = _pool(jobs)
    try:
        while True:
            for unit in waiting:
                running[pool.submit(grade_unit, unit)] = unit
                if len(running) >= jobs * AHEAD:
                    break
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                unit = running.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    suspects += [unit, *running.values()]
                    running.clear()
                    _end(pool)
                    pool = _pool(jobs)
                    break
    except BaseException:  # Ctrl-C, or whoever takes the results has given up
        _end(pool)
        raise
    pool.shutdown()
    for unit in suspects:
        yield _alone(unit)


def _alone(unit: WorkUnit) -> Graded:
    with _pool(1) as pool:
        try:
            return pool.submit(grade_unit, unit).result()
        except BrokenProcessPool:
            return _lost(unit, f"the grading process died {TRIES} times: see the machine's memory")


def _end(pool: ProcessPoolExecutor) -> None:
    """Leave a pool at once, whatever its workers are doing; their kernels end with them."""
    workers = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.kill()


def _prove_there(limits: dict[str, Any]) -> str:
    try:
        selftest.prove(Limits(**limits))
    except CourseError as error:
        return str(error)
    return ""


def on_cluster(
    units: Iterable[WorkUnit], address: str, prove: dict[str, Any] | None
) -> Iterator[Graded]:
    """Grade units on the Dask cluster behind a scheduler's address.

    prove : limits with which every worker first proves that its sandbox holds; None for unsafe.

    Raises
    ------
    CourseError : if the scheduler cannot be reached, has no workers, or one has no sandbox.
    """
    from distributed import Client, as_completed  # noqa: PLC0415  (only where a cluster is used)

    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise CourseError(f"the Dask scheduler at {address} has no workers")
        if prove is not None:
            for worker, failure in client.run(_prove_there, prove).items():
                if failure:
                    raise CourseError(f"the worker {worker}: {failure}")
        room = AHEAD * sum(worker["nthreads"] for worker in workers.values())
        arriving = as_completed([], loop=client.loop)
        yield from _follow(client, arriving, iter(units), room)


def _follow(client: Any, arriving: Any, waiting: Iterator[WorkUnit], room: int) -> Iterator[Graded]:
    units: dict[str, WorkUnit] = {}

    def send() -> None:
        for unit in waiting:
            future = client.submit(grade_unit, unit, pure=False, retries=TRIES - 1)
            units[future.key] = unit
            arriving.add(future)
            if len(units) >= room:
                break

    send()
    for future in arriving:
        unit = units.pop(future.key)
        error = future.exception() if future.status != "finished" else None
        if future.status == "finished":
            yield future.result()
        else:
            yield _lost(unit, f"its worker failed: {error}")
        send()
