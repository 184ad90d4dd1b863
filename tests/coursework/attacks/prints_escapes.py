# tries: escape sequences, HTML, formulas and workflow commands in output and reasons
# earns: honest
# ends: wrong
def square_backward(dy, x):
    print("\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>")
    print("=HYPERLINK(\"http://example.com\")\n::error file=x::owned\n::set-output name=a::b")
    raise ValueError("\x1b[31m<img src=x onerror=alert(1)>\r\n::stop-commands::x\n=1+1")


def honest(dy):
    return 2 * dy
