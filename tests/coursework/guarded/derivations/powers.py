from gradcheck import derivation
from gradcheck.coursework import from_submission


@derivation(x="k")
def double(x):
    return 2 * x


double.vjp(from_submission("honest(dy)"))


@derivation(x="k")
def square(x):
    return x * x


square.vjp(from_submission("square_backward(dy, x)"))
