"""Threads of a test: what goes wrong in one of them is the test's failure, and none of them outlives it."""
import os
import sys
import threading
import time
import traceback


def stacks(threads=None):
    """Where `threads` are now; without any, where all of them are."""
    frames = sys._current_frames()
    return "\n".join(f"{thread.name}:\n" + "".join(traceback.format_stack(frames[thread.ident]))
                     for thread in (threads or threading.enumerate()) if thread.ident in frames)


class Threads:
    def __init__(self):
        self.threads, self.failures = [], []

    def start(self, target, *arguments):
        def run():
            try:
                target(*arguments)
            except Exception:
                self.failures.append(traceback.format_exc())
        thread = threading.Thread(target=run, name=f"{target.__name__}{arguments}", daemon=True)
        self.threads.append(thread)
        thread.start()

    def any_alive(self):
        return any(thread.is_alive() for thread in self.threads)

    def join(self, seconds):
        """Waits for all of them; who is not done by then is one more failure, which says where it stands."""
        end = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0, end - time.monotonic()))
        late = [thread for thread in self.threads if thread.is_alive()]
        if late:
            self.failures.append(f"{len(late)} threads are not done after {seconds} s:\n{stacks(late)}")


def together(target, *arguments, seconds=300):
    """Calls `target` with each of `arguments` (tuples) at once. AssertionError with what any of them raised."""
    threads = Threads()
    for one in arguments:
        threads.start(target, *one)
    threads.join(seconds)
    if threads.failures:
        raise AssertionError("\n".join(threads.failures))


def end_after(seconds, last_act):
    """Ends the program as failed if it still runs then, after it said where it stands and did `last_act`."""
    def end():
        print(f"not done after {seconds} s:\n{stacks()}\n0 passed, 1 failed", flush=True)
        try:
            last_act()
        finally:
            os._exit(1)
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return timer
