# tries: to become another program, which writes to every descriptor and never ends
# earns: honest
# ends: broken protocol | timed out | crashed
# waits: for an answer
import os
import sys

OTHER = "import os\nfor fd in range(64):\n try: os.write(fd, bytes(4096))\n except OSError: pass\n"


def square_backward(dy, x):
    os.execv(sys.executable, [sys.executable, "-c", OTHER + "while True: pass"])


def honest(dy):
    return 2 * dy
