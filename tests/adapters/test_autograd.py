"""The rules that autograd has for its primitives, through our verdicts: more than a hundred."""

import warnings

import numpy as np
import pytest

from gradcheck import Case, Status, real
from gradcheck.adapters import names
from gradcheck.adapters.layers import declare
from gradcheck.sampling import Draft, Sampler
from gradcheck.verification import judge_at

with warnings.catch_warnings(action="ignore"):  # autograd is written for older numpys
    autograd = pytest.importorskip("autograd", reason="autograd is not installed")
    anp = pytest.importorskip("autograd.numpy")
    special = pytest.importorskip("autograd.scipy.special", reason="scipy is not installed")
    stats = pytest.importorskip("autograd.scipy.stats")
linalg = anp.linalg

ANY, POSITIVE = real("n d", low=-4, high=4), real("n d", low=0.2, high=4)
UNIT, PROBABILITY = real("n d", low=-0.95, high=0.95), real("n d", low=0.05, high=0.95)
VECTOR, SQUARE = real("n", low=-4, high=4), real("n n", low=-4, high=4)

UNARY = {
    ANY: (
        "abs absolute arcsinh arctan cos cosh deg2rad degrees exp exp2 expm1 fabs negative "
        "rad2deg radians sin sinc sinh square tan tanh real conj"
    ),
    POSITIVE: "log log10 log2 log1p sqrt reciprocal",
    UNIT: "arccos arcsin arctanh",
}
BINARY = {
    (ANY, ANY): (
        "add subtract multiply arctan2 logaddexp logaddexp2 maximum minimum fmax fmin hypot"
    ),
    (ANY, POSITIVE): "divide true_divide",
    (POSITIVE, ANY): "power",
}
SPECIAL = {
    ANY: "erf erfc expit",
    POSITIVE: "gamma gammaln psi digamma j0 j1 y0 y1 i0 i1 gammasgn rgamma",
    PROBABILITY: "logit erfinv",
}


def _shaped(*inputs, **functions):
    return [(name, function, inputs) for name, function in functions.items()]


OTHERS = [
    *_shaped(
        ANY,
        sum=lambda x: anp.sum(x, axis=0), mean=lambda x: anp.mean(x, axis=1),
        prod=lambda x: anp.prod(x, axis=0), amax=lambda x: anp.max(x, axis=0),
        amin=lambda x: anp.min(x, axis=1), cumsum=lambda x: anp.cumsum(x, axis=0),
        reshape=lambda x: anp.reshape(x, (-1,)), ravel=anp.ravel, transpose=anp.transpose,
        swapaxes=lambda x: anp.swapaxes(x, 0, 1), moveaxis=lambda x: anp.moveaxis(x, 0, 1),
        roll=lambda x: anp.roll(x, 1, axis=0), expand_dims=lambda x: anp.expand_dims(x, 1),
        squeeze=lambda x: anp.squeeze(anp.expand_dims(x, 0)), fliplr=anp.fliplr, flipud=anp.flipud,
        rot90=anp.rot90, repeat=lambda x: anp.repeat(x, 2, axis=0),
        tile=lambda x: anp.tile(x, (2, 1)), triu=anp.triu, tril=anp.tril,
        sort=lambda x: anp.sort(anp.ravel(x)), clip=lambda x: anp.clip(x, -1.5, 2.5),
        pad=lambda x: anp.pad(x, 1, "constant"), atleast_3d=anp.atleast_3d,
        broadcast_to=lambda x: anp.broadcast_to(anp.expand_dims(x, 0), (2, *x.shape)),
        getitem=lambda x: x[:, 0], take_twice=lambda x: x[np.array([0, 0])],
        rollaxis=lambda x: anp.rollaxis(x, 1),
        logsumexp=lambda x: special.logsumexp(x, axis=0), trace=anp.trace,
    ),
    *_shaped(
        POSITIVE, var=lambda x: anp.var(x, axis=0) + 0 * x[0],
        norm=linalg.norm, norm_of_rows=lambda x: linalg.norm(x, axis=1),
        std=lambda x: anp.std(anp.concatenate([x, x + 1.5]), axis=0),
        polygamma=lambda x: special.polygamma(1, x), jn=lambda x: special.jn(2, x),
        yn=lambda x: special.yn(2, x), iv=lambda x: special.iv(2, x),
        ive=lambda x: special.ive(2, x),
        multigammaln=lambda x: special.multigammaln(x[0, 0] + 1, 2),
    ),
    *_shaped(ANY, real("d m", low=-4, high=4), dot=anp.dot, matmul=anp.matmul,
             einsum=lambda a, b: anp.einsum("nd,dm->nm", a, b),
             tensordot=lambda a, b: anp.tensordot(a, b, 1)),
    *_shaped(ANY, ANY, inner=anp.inner, kron=anp.kron, where=lambda a, b: anp.where(a > 0, a, b),
             concatenate=lambda a, b: anp.concatenate([a, b], axis=1),
             stack=lambda a, b: anp.stack([a, b]), vstack=lambda a, b: anp.vstack([a, b]),
             hstack=lambda a, b: anp.hstack([a, b]),
             append=lambda a, b: anp.append(a, b, axis=0)),
    *_shaped(VECTOR, VECTOR, outer=anp.outer),
    *_shaped(real("n 3", low=-4, high=4), real("n 3", low=-4, high=4), cross=anp.cross),
    *_shaped(VECTOR, diag=anp.diag, logpdf=stats.norm.logpdf, pdf=stats.norm.pdf,
             cdf=stats.norm.cdf, logcdf=stats.norm.logcdf),
    *_shaped(
        SQUARE,
        inv=lambda a: linalg.inv(a + 9 * np.eye(len(a)) * len(a)),
        det=lambda a: linalg.det(a + 9 * np.eye(len(a)) * len(a)),
        slogdet=lambda a: linalg.slogdet(a + 9 * np.eye(len(a)) * len(a))[1],
        cholesky=lambda a: linalg.cholesky(a @ a.T + 9 * np.eye(len(a))),
        eigvalsh=lambda a: linalg.eigh(a + a.T + np.diag(50.0 * np.arange(len(a))))[0],
        diagonal=lambda a: anp.diagonal(a, 0, -1, -2),
    ),
    *_shaped(SQUARE, VECTOR, solve=lambda a, b: linalg.solve(a + 9 * np.eye(len(b)) * len(b), b)),
    *_shaped(POSITIVE, POSITIVE, beta=special.beta, betaln=special.betaln,
             gamma_logpdf=stats.gamma.logpdf),
    *_shaped(PROBABILITY, POSITIVE, POSITIVE, beta_logpdf=stats.beta.logpdf),
]  # fmt: skip


def _table():
    for inputs, text in UNARY.items():
        yield from ((name, getattr(anp, name, None), (inputs,)) for name in text.split())
    for inputs, text in SPECIAL.items():
        yield from ((name, getattr(special, name, None), (inputs,)) for name in text.split())
    for inputs, text in BINARY.items():
        yield from ((name, getattr(anp, name, None), inputs) for name in text.split())
    yield from OTHERS


TABLE = [row for row in _table() if row[1] is not None]


def declared(name, function, inputs):
    """A function of autograd as a derivation, with a rule for each input."""

    def positional(*arrays):
        return function(*arrays)

    parameters = {f"x{k}": argument for k, argument in enumerate(inputs)}
    made = declare((positional, names(framework="autograd", name=name)), parameters)
    assert made.problem is None, made.problem
    return made


def verdicts_of(name, function, inputs):
    """The verdicts on each gradient of a function of autograd, at one point of distinct sizes."""
    made = declared(name, function, inputs)
    sampler = Sampler(made.rules[0])
    point = next(iter(sampler.points(Draft(sampler.sizes.always()[-1], 7))))
    case = Case(point.inputs, point.seed)
    return [judge_at(rule, case, table=False) for rule in made.rules]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_autograd_rules(row):
    for verdict in verdicts_of(*row):
        assert verdict.status is not Status.FAIL, str(verdict)
        assert verdict.status is Status.PASS, str(verdict)


def test_there_are_a_hundred_of_them():
    assert len({name for name, *_ in TABLE}) >= 100


def test_what_is_wrong_in_autograd_is_found():
    # Its rule for an array as the value of `full` sums over everything.
    (verdict,) = verdicts_of("full", lambda x: anp.full((2, *x.shape), x), (ANY,))
    assert (verdict.status, verdict.title) == (Status.FAIL, "wrong shape")


def test_a_wrong_primitive_is_found():
    from autograd.extend import defvjp, primitive

    @primitive
    def cube(x):
        return x**3

    defvjp(cube, lambda ans, x: lambda g: 2 * g * x**2)
    made = declare((cube,), {"x": "n"})
    assert vars(made)["layer"].plan.style.convention == "autograd primitive"
    (verdict,) = (judge_at(r, Case({"x": np.array([0.5, -2.0])})) for r in made.rules)
    assert verdict.status is Status.FAIL
    assert verdict.worst.claimed / verdict.worst.measured == pytest.approx(2 / 3)
