"""Ports on 127.0.0.1 for the services that tests start."""
import random
import socket

#: Below those that a system gives to outgoing connections (Linux: from 32,768), which would take a port between the
#: moment it was found free and the service's start; and twice as far below, as SeaweedFS adds 10,000 to some.
RANGE = (11_000, 22_000)
BESIDE = 10_000


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    """A port that nobody listens on, nor on the one 10,000 above it."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(*RANGE)
        if is_free(port) and is_free(port + BESIDE):
            return port
