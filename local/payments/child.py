"""localstripe as a process: on the loopback socket that it inherits, without a trace on disk, until its parent ends.

Its own command would listen on every address and keep its data under /tmp.
"""

import os
import signal
import socket
import sys
import threading

from aiohttp import web
from localstripe.resources import Store
from localstripe.server import app


def _end_with_the_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    Store.dump_to_disk = lambda _: None
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    listener = socket.socket(fileno=int(sys.argv[1]))
    web.run_app(app, sock=listener, print=None, access_log=None, handle_signals=False)


if __name__ == "__main__":
    main()
