"""A limit on the memory that code may take while it runs, where the system has one for a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FURTHER = 2**29  # bytes


@contextmanager
def bounded_memory(further: int = FURTHER) -> Iterator[None]:
    """Let the body take so many bytes more than the process has; what asks for more raises MemoryError.

    On Linux alone: elsewhere nothing tells how much a process has.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + further
    wanted = min(limit for limit in (wanted, soft, hard) if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
