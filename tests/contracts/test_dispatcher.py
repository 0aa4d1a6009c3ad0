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


def test_what_is_due_runs_once_somebody_says_so():
    dispatcher, work = Dispatcher(lambda: 1.0), Work()
    dispatcher.start()
    dispatcher.add(work)
    work.when = 0.5
    dispatcher.wake()
    assert work.ran.wait(5)
    dispatcher.close()


def test_nothing_is_begun_when_the_end_comes_while_nobody_looks(monkeypatch):
    dispatcher, work = Dispatcher(lambda: 1.0), Work()
    dispatcher.add(work)
    work.when = 0.5

    class EndsMeanwhile(threading.Event):
        def wait(self, timeout=None):
            dispatcher._stop.set()
            return True

    monkeypatch.setattr(dispatcher, "_awake", EndsMeanwhile())
    dispatcher._look()
    dispatcher.close()
    assert not work.ran.is_set()
