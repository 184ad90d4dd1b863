# tries: all the disk there is
# earns: honest
# ends: timed out | wrong | over a limit | crashed
import os


def square_backward(dy, x):
    for folder in ("/tmp", "/dev/shm", "/var/tmp", os.getcwd(), "/"):
        number = 0
        try:
            while True:
                number += 1
                with open(os.path.join(folder, f"file-{number}"), "wb") as file:
                    file.write(bytes(1 << 21))
        except OSError:
            pass
    return dy


def honest(dy):
    return 2 * dy
