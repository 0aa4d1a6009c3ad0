"""Who is due is found at once when somebody says so, and not any more when all is over."""

import threading

from local.dispatcher import Dispatcher


class Work:
    def __init__(self):
        self.when, self.ran = None, threading.Event()

    def due(self):
        return self.when

    def run(self):
        self.when = None
        self.ran.set()


def test_what_is_due_runs_and_nothing_is_begun_after_the_end():
    dispatcher, work, late = Dispatcher(lambda: 1.0), Work(), Work()
    dispatcher.start()
    dispatcher.add(work, late)
    work.when = 0.5
    dispatcher.wake()
    assert work.ran.wait(5)
    dispatcher._stop.set()
    late.when = 0.5
    dispatcher.close()
    assert not late.ran.is_set()
