"""Steps that may be long in coming become steps at a pace: nothing comes every so often while none does. Knows no screen.

Whoever draws them is never stuck waiting for a server, so a person can stop an answer at any moment.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from queue import Empty, SimpleQueue
from typing import TypeVar

from coach.write import Stop

Step = TypeVar("Step")


def paced(steps: Iterable[Step], stop: Stop, every: float = 0.1, patience: float = 2.0) -> Generator[Step | None]:
    """`steps` as they come, drawn in a thread of their own, and None after every so many seconds without one.

    Closing this presses `stop` and waits for the thread's end, but no longer than `patience`: what it keeps is on disk
    then. What `steps` raises is raised here.
    """
    came: SimpleQueue[tuple[Step] | BaseException | None] = SimpleQueue()

    def draw() -> None:
        try:
            for step in steps:
                came.put((step,))
        except BaseException as error:  # noqa: BLE001 it is raised where the steps are read
            came.put(error)
        else:
            came.put(None)

    drawing = threading.Thread(target=draw, name="asking", daemon=True)
    drawing.start()
    over = False
    try:
        while not over:
            try:
                one = came.get(timeout=every)
            except Empty:
                yield None
                continue
            over = not isinstance(one, tuple)
            if isinstance(one, BaseException):
                raise one
            if one is not None:
                yield one[0]
    finally:
        if not over:
            stop.press()
            drawing.join(patience)
