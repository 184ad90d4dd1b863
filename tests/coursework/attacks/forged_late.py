# tries: a second answer after the first
# earns: honest
# ends: broken protocol
import os
import struct
import sys

HEAD = struct.Struct("<4sBxHIQ")
ITEM = struct.Struct("<BBxx8IQ")


def pipes():
    """Every pipe that can be written to: one of them takes the answers."""
    found = []
    for number in range(3, 64):
        try:
            if os.readlink(f"/proc/self/fd/{number}").startswith("pipe:"):
                found.append(number)
        except OSError:
            pass
    return found


def asked():
    """The number of the request that is being answered, from the frames of the shim."""
    frame = sys._getframe()
    while frame is not None:
        if "number" in frame.f_locals and "given" in frame.f_locals:
            return frame.f_locals["number"]
        frame = frame.f_back
    return 0


def send(raw):
    for number in pipes():
        try:
            os.write(number, raw)
        except OSError:
            pass


def square_backward(dy, x):
    import threading
    import time

    def late():
        time.sleep(0.02)
        send(HEAD.pack(b"GCW1", 5, 0, 1, 0))

    threading.Thread(target=late, daemon=True).start()
    time.sleep(0.05)
    return dy


def honest(dy):
    return 2 * dy
