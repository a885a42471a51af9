# SPDX-License-Identifier: GPL-2.0-only
"""The lock and the heartbeat that callers and the reader thread share.

The reader thread changes state while it holds the lock and calls beat();
callers wait() for a predicate over that state. A death wakes everybody.
"""

import os
import threading
import time

# All time-outs are multiplied by this: set it on slow or crowded machines.
TIME_SCALE = float(os.environ.get("MEMHP_TIME_SCALE", "1"))


def deadline(seconds):
    return time.monotonic() + seconds * TIME_SCALE


class Pulse:
    def __init__(self):
        self.changed = threading.Condition(threading.RLock())
        self.reason = None          # why the guest is dead, None while it lives

    def __enter__(self):
        self.changed.acquire()
        return self

    def __exit__(self, *_):
        self.changed.release()

    def beat(self):
        with self.changed:
            self.changed.notify_all()

    def die(self, reason):
        """The first reason stays: what follows is mostly its consequence."""
        with self.changed:
            self.reason = self.reason or reason
            self.changed.notify_all()

    def wait(self, done, timeout, idle=None, period=2.0):
        """True when done() holds, False after timeout; a death ends it too.

        idle() is called about every period seconds, without the lock.
        """
        end = deadline(timeout)
        while True:
            with self.changed:
                left = end - time.monotonic()
                if done() or self.reason:
                    return bool(done())
                if left <= 0:
                    return False
                self.changed.wait(min(left, period))
            if idle:
                idle()
