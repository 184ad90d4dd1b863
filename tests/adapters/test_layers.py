"""`layer`: state, modes, side effects, and what is said where a gradient is not found."""

import random

import numpy as np
import pytest

from gradcheck import DeclarationError, check, choice, constant, integers, real, verify
from gradcheck.adapters import layer, names
from gradcheck.errors import GradientMismatch

X = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])


class Dropout:
    def __init__(self, p=0.5):
        self.p = p

    def forward(self, x, training=True):
        self.mask = (np.random.rand(*x.shape) < self.p) / self.p if training else np.ones_like(x)  # noqa: NPY002
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class BatchNorm:
    def __init__(self, gamma, beta):
        self.gamma, self.beta = gamma, beta
        self.mean = self.var = None

    def forward(self, x, training=True):
        if self.mean is None:
            self.mean, self.var = np.zeros(x.shape[1]), np.ones(x.shape[1])
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            self.mean, self.var = 0.9 * self.mean + 0.1 * mean, 0.9 * self.var + 0.1 * var
        else:
            mean, var = self.mean, self.var
        self.std = np.sqrt(var + 1e-5)
        self.hat = (x - mean) / self.std
        return self.gamma * self.hat + self.beta

    def backward(self, dout):
        self.dgamma, self.dbeta = (dout * self.hat).sum(axis=0), dout.sum(axis=0)
        d = dout * self.gamma
        return (d - d.mean(axis=0) - self.hat * (d * self.hat).mean(axis=0)) / self.std


class Forgetful:
    """Its gradient for b is nowhere."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T


class Rude:
    """Writes into what it is given."""

    def forward(self, x):
        self.mask = x <= 0
        x[self.mask] = 0
        return x

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class Stale:
    """Keeps the first batch for ever."""

    def __init__(self):
        self.x = None

    def forward(self, x):
        if self.x is None:
            self.x = x.copy()
        return x * x

    def backward(self, dout):
        return 2 * self.x * dout


def declared(*what, **inputs):
    """As ``layer``, kept from the collection of this file."""
    from gradcheck.adapters.layers import declare

    made = declare(what, inputs)
    assert made.problem is None, made.problem
    return made


def test_random_layers_draw_the_same_in_every_call_and_leave_the_global_state_alone():
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    before, before_python = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    check(declared(Dropout, x="n d"), inputs=28, profile="ci")
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert random.getstate() == before_python


def test_the_mode_is_declared():
    train = declared(BatchNorm, x="n d", gamma="d", beta="d")
    check(train, inputs=28, profile="ci")
    evaluated = declared(BatchNorm, names(mode="eval"), x="n d", gamma="d", beta="d")
    verdicts = verify(evaluated, x=X, gamma=np.ones(3), beta=np.zeros(3))
    # The backward method is that of training: right for the parameters alone.
    assert [bool(verdict) for verdict in verdicts] == [False, True, True]


def test_a_gradient_that_is_nowhere_is_an_error():
    forgetful = declared(Forgetful, x="n d", W="d m", b="m")
    verdicts = verify(forgetful, x=X, W=np.ones((3, 2)), b=np.zeros(2))
    assert [bool(verdict) for verdict in verdicts] == [True, True, False]
    assert verdicts[2].title == "no gradient found"
    assert "names(gradients={'b': …})" in verdicts[2].reason
    check(declared(Forgetful, x="n d", W="d m", b=real("m", differentiate=False)), inputs=14)


def test_a_gradient_that_nothing_asks_for_is_noted():
    class Biased(Forgetful):
        def __init__(self, W):
            super().__init__(W, np.ones(W.shape[1]))

        def backward(self, dout):
            self.db = dout.sum(axis=0)
            return super().backward(dout)

    records = check(declared(Biased, x="n d", W="d m"), inputs=14, profile="ci")
    assert any("a gradient in db that is not checked" in note for note in records[0].notes)


def test_where_a_gradient_lies_can_be_said():
    read = declared(Forgetful, names(gradients={"b": "dW[0]"}), x="n d", W="d m", b="m")
    verdict = verify(read, x=X, W=np.ones((3, 2)), b=np.zeros(2))[2]
    assert verdict.worst is not None
    assert verdict.worst.input == "b"


def test_writing_in_place_is_noted_and_does_not_fail():
    (record,) = check(declared(Rude, x="n d"), inputs=28, profile="ci")
    assert record.status == "pass"
    assert any("writes into its input 'x'" in note for note in record.notes)
    assert any("writes into the cotangent" in note for note in record.notes)


def test_a_stale_batch_is_found():
    with pytest.raises(GradientMismatch, match="after another batch in between"):
        check(declared(Stale, x="n d"), inputs=14, profile="ci")


def test_a_scale_contract_is_what_the_gradient_is_held_to():
    def mean_loss(x):
        return np.mean(x**2), 2 * x

    with pytest.raises(GradientMismatch):
        check(declared(mean_loss, x="n d"), inputs=14, profile="ci")
    check(declared(mean_loss, names(scale={"x": "n*d"}), x="n d"), inputs=28, profile="ci")


def test_several_outputs_and_a_configuration():
    def both_forward(x, y, settings):
        settings["seen"] = True
        k = settings["k"]
        return k * x * y, x + y, (x, y, k)

    def both_backward(da, db, cache):
        x, y, k = cache
        return k * da * y + db, k * da * x + db

    made = declared(both_forward, both_backward, x="n", y="n", settings=choice({"k": 2}, {"k": 3}))
    assert made.options.output == ("y0", "y1") or len(made.options.output) == 2
    check(made, inputs=28, profile="ci")


def test_labels_are_constants_of_a_fused_loss():
    def loss(x, y):
        shifted = x - x.max(axis=1, keepdims=True)
        p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        n = np.arange(len(y))
        d = p.copy()
        d[n, y] -= 1
        return -np.log(p[n, y]).sum(), d

    made = declared(loss, x=real("n c", low=-9, high=9), y=integers("n", high="c"))
    check(made, inputs=28, profile="ci")


@pytest.mark.parametrize(
    ("what", "inputs", "said"),
    [
        ((Forgetful,), {"x": "n d", "W": "d m"}, "constructor needs 'b'"),
        ((Forgetful,), {"x": "n d", "W": "d m", "b": "m", "c": "m"}, "no parameter 'c'"),
        ((Dropout,), {"z": "n d"}, "needs 'x', for which nothing is declared"),
        ((Forgetful,), {"x": "n d", "W": "m d", "b": "m"}, "do the dims fit?"),
        ((object,), {"x": "n"}, "a class with a forward and a backward method was expected"),
        ((Dropout,), {"x": constant(1.0)}, "no differentiable input"),
    ],
)
def test_what_is_wrong_with_a_declaration_is_said_when_it_is_checked(what, inputs, said):
    from gradcheck.adapters.layers import declare

    problem = declare(what, inputs).problem
    assert problem is not None
    assert said in problem


def test_names_that_cannot_be_meant_are_an_error_at_once():
    with pytest.raises(DeclarationError, match="'scal' is not known"):
        names(scal={})
    with pytest.raises(DeclarationError, match="'train', 'eval'"):
        names(mode="testing")


affine = layer(Forgetful, x="n d", W="d m", b=real("m", differentiate=False))
