"""The functions whose rules are planted wrong."""

import math

import numpy as np

from gradcheck import arrays, boolean, choice, derivation, integers, options, real


def sigmoid_of(x):
    return 1 / (1 + np.exp(-x))


def softmax_of(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@derivation(x="n d", W="d m", b="m")
def linear(x, W, b):
    return x @ W + b


@derivation(x="k", A="k l", z="l")
def bilinear(x, A, z):
    return x @ A @ z


@derivation(x="n k", c="n 1")
def shifted(x, c):
    return x + c


@derivation(x="n k", s="k")
def scaled(x, s):
    return x * s


@derivation(x="n k")
def tanh(x):
    return np.tanh(x)


@derivation(x="k")
def sigmoid(x):
    return sigmoid_of(x)


@derivation(x="n k")
def relu(x):
    return np.maximum(x, 0)


@derivation(x="k")
def softplus(x):
    return np.log1p(np.exp(x))


@derivation(x="k")
def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


@derivation(x=real("k", low=0.2, high=4.0))
def logarithm(x):
    return np.log(x + 1e-3)


@derivation(x=real("n k", low=0.2, high=4.0))
def inverse_root(x):
    return 1 / np.sqrt(x)


@derivation(x="k", alpha=real(low=0.3, high=3.0))
def scaled_tanh(x, alpha):
    return np.tanh(alpha * x)


@derivation(z="k", T=real(low=0.3, high=3.0))
def tempered(z, T):
    return softmax_of(z / T)


@derivation(z="k")
def softmax(z):
    return softmax_of(z)


@derivation(z="n k")
def softmax_rows(z):
    return softmax_of(z)


@derivation(z="n k")
def log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


@derivation(z="n k", labels=integers("n", high="k"))
def cross_entropy(z, labels):
    p = softmax_of(z)
    return -np.log(p[np.arange(len(z)), labels]).mean()


@derivation(z="k", label=integers(high="k"))
def cross_entropy_row(z, label):
    return -np.log(softmax_of(z)[label])


@derivation(a="n k", t=real("n k", differentiate=False))
def squared_error(a, t):
    return ((a - t) ** 2).mean()


@derivation(a="k", t=real("k", differentiate=False))
def half_squares(a, t):
    return 0.5 * ((a - t) ** 2).sum()


@derivation(x="n k", gamma="k", beta="k")
def batch_norm(x, gamma, beta):
    c = x - x.mean(axis=0)
    return gamma * c / np.sqrt((c**2).mean(axis=0) + 1e-5) + beta


@derivation(x="n k")
def layer_norm(x):
    c = x - x.mean(axis=1, keepdims=True)
    return c / np.sqrt((c**2).mean(axis=1, keepdims=True) + 1e-5)


@derivation(x="n k")
def unit_rows(x):
    return x / np.sqrt((x**2).sum(axis=1, keepdims=True))


@derivation(x="n k", W="k m", t=real("n m", differentiate=False))
def ridge(x, W, t):
    return ((x @ W - t) ** 2).mean() + 0.05 * (W**2).sum()


@options(sizes={"w": (2, 3)})
@derivation(x="t+w-1", k="w")
def conv(x, k):
    return np.array([x[i : i + len(k)] @ k for i in range(len(x) - len(k) + 1)])


@derivation(x="t", k="t")
def causal(x, k):
    return np.convolve(x, k)[: len(x)]


@derivation(xs=arrays(real("n d"), count="t"))
def recurrent(xs):
    h = 0.0
    for x in xs:
        h = np.tanh(0.5 * h + x)
    return h


@derivation(x="t+2")
def max_pool(x):
    return np.array([x[i : i + 3].max() for i in range(len(x) - 2)])


@derivation(x="n 3*k")
def average_pool(x):
    return x.reshape(len(x), -1, 3).mean(axis=2)


@derivation(x="k")
def twice_each(x):
    return np.repeat(x, 2)


@derivation(W="v d", ids=integers("n", high="v"))
def embedding(W, ids):
    return W[ids]


@derivation(x="k")
def square(x):
    return x * x


@derivation(x="n k", W="k k")
def residual(x, W):
    return x + np.tanh(x @ W)


@derivation(x="n k", mask=boolean("n k"), keep=real(low=0.3, high=0.9, differentiate=False))
def dropout(x, mask, keep):
    return x * mask / keep


@derivation(x="t d")
def running_sum(x):
    return np.cumsum(x, axis=0)


@derivation(x="t d", h0="d")
def recurrence(x, h0):
    h, hs = h0, []
    for row in x:
        h = np.tanh(row + 0.5 * h)
        hs.append(h)
    return np.array(hs)


@derivation(x="n d", W1="d h", W2="h k")
def network(x, W1, W2):
    return np.maximum(x @ W1, 0) @ W2


@options(sizes={"h": (2, 5), "w": (2, 5)})
@derivation(x="c h w", s="h w")
def masked_image(x, s):
    return x * s


@derivation(x="n k", stride=choice(1, 2, 3))
def subsampled(x, stride):
    return x[::stride]


@derivation(a="k", b="k")
def product(a, b):
    return a * b


@derivation(a="n k", b="n k")
def difference_of_squares(a, b):
    return a**2 - b**3


@derivation(x="n k")
def row_means(x):
    return x.mean(axis=1)


@derivation(x=real("k", low=0.2, high=3.0))
def reciprocal(x):
    return 1 / x


@derivation(x="k")
def smooth_size(x):
    return np.sqrt(x**2 + 0.01)


@derivation(x=real("n k", low=0.2, high=4.0))
def root(x):
    return np.sqrt(x + 1e-2)


def again(g, p):
    return p * (g - (g * p).sum(axis=-1, keepdims=True))


@derivation(a="n d", z="n d", W="d k")
def chosen(a, z, W):
    return a @ W + 0 * z.sum()


@derivation(x="t d")
def weighted_running_sum(x):
    return np.cumsum(x**2, axis=0)


@derivation(x="n k")
def residual_softmax(x):
    return x + softmax_of(x)


@derivation(A="k k")
def quadratic(A):
    return A @ A


@derivation(x="k", A="k k")
def form(x, A):
    return x @ A @ (2 * x + 1)


@derivation(z="k")
def log_softmax_row(z):
    return z - np.log(np.exp(z).sum())


@derivation(z="b n k")
def softmax_of_batches(z):
    return softmax_of(z)


@derivation(x="a b c")
def cube(x):
    return x**3


@derivation(x="n d", W="d m")
def projection(x, W):
    return x @ W


@derivation(x="k k")
def tanh_of_square(x):
    return np.tanh(x)


@options(sizes={"k": (3, 8)})
@derivation(x="k")
def differences(x):
    return np.diff(x)


@derivation(x="k")
def logsumexp(x):
    return np.log(np.exp(x).sum())


@derivation(x="k")
def log_of_squares(x):
    return np.log(1 + x @ x)


@derivation(x="v", ids=integers("n", high="v"))
def gathered(x, ids):
    return x[ids]


def averaged(dy, ids, shape):
    made = np.zeros(shape)
    for k in set(ids):
        made[k] = dy[ids == k].sum(axis=0) / np.count_nonzero(ids == k)
    return made


@options(output="h c")
@derivation(o="k", c0="k", g="k")
def lstm_state(o, c0, g):
    c = c0 + g
    return o * np.tanh(c), c


@options(output="h c")
@derivation(f="n k", c0="n k")
def memory_cell(f, c0):
    c = f * c0
    return np.tanh(c), c


@derivation(f="k", c0="k", i="k", g="k")
def gated_sum(f, c0, i, g):
    return f * c0 + i * g


@options(output="c")
@derivation(zf="n k", c0="n k", zi="n k", zg="n k")
def gated_memory(zf, c0, zi, zg):
    return sigmoid_of(zf) * c0 + sigmoid_of(zi) * np.tanh(zg)


@options(output="h")
@derivation(x="n d", h0="n k", Wx="d k", Wh="k k")
def recurrent_step(x, h0, Wx, Wh):
    return np.tanh(x @ Wx + h0 @ Wh)


@options(output="h")
@derivation(h0="n k", Wh="k k")
def leaky_step(h0, Wh):
    return 0.5 * h0 + 0.5 * np.tanh(h0 @ Wh)


@derivation(h0="n k", h1="n k", W="k m")
def two_steps(h0, h1, W):
    return np.tanh(h0 @ W)


@derivation(A="k l", x="l")
def matrix_vector(A, x):
    return A @ x


@derivation(x="n c h w")
def padded_image(x):
    return np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))


@derivation(x="c t")
def padded_signal(x):
    return np.pad(x, ((0, 0), (1, 1)))


@options(sizes={"w": (2, 3), "t": (4, 9)})
@derivation(x="t", k="w", stride=choice(2, 3))
def strided_conv(x, k, stride):
    return np.array([x[i : i + len(k)] @ k for i in range(0, len(x) - len(k) + 1, stride)])


@options(sizes={"t": (2, 9)})
@derivation(x="n t")
def strided_pool(x):
    whole = x.shape[1] // 2 * 2
    return x[:, :whole].reshape(len(x), -1, 2).mean(axis=2)


@derivation(x="t+2")
def window_maximum(x):
    return np.array([x[i : i + 3].max() for i in range(len(x) - 2)])


@derivation(x="n k")
def largest(x):
    return x.max(axis=1)


@derivation(a="k", b="k")
def clipped_to(a, b):
    return np.minimum(a, b)


@options(sizes={"n": (2, 6)})
@derivation(
    x="n k",
    mean=real("k", differentiate=False),
    var=real("k", low=0.3, high=3.0, differentiate=False),
    training=choice(True, False),
)
def running_norm(x, mean, var, training):
    if training:
        mean, var = x.mean(axis=0), x.var(axis=0)
    return (x - mean) / np.sqrt(var + 1e-5)


@derivation(x="n k", mode=choice("train", "test"))
def centred(x, mode):
    return x - x.mean(axis=0) if mode == "train" else 0.5 * x


@derivation(p="n 1", t=real("n", differentiate=False))
def column_error(p, t):
    return ((p - t) ** 2).sum() / len(p)


@derivation(p="n 1", t=real("n", differentiate=False))
def absolute_error(p, t):
    return np.log(np.cosh(p - t)).sum() / len(p)


@derivation(p="n 1", t=real("n", differentiate=False))
def hinge_of_labels(p, t):
    return np.exp(-t * p).sum()


@options(sizes={"n": (2, 6), "k": (2, 6)})
@derivation(
    z="n k", labels=integers("n", high="k"), w=real("k", low=0.3, high=3.0, differentiate=False)
)
def weighted_loss(z, labels, w):
    return -(w[labels] * np.log(softmax_of(z)[np.arange(len(z)), labels])).sum()


@options(sizes={"n": (2, 6), "k": (2, 6)})
@derivation(
    z="n k", labels=integers("n", high="k"), w=real("k", low=0.3, high=3.0, differentiate=False)
)
def weighted_loss_mean(z, labels, w):
    return weighted_loss(z, labels, w) / w[labels].sum()


@derivation(z="n", t=real("n", low=0, high=1, differentiate=False))
def logistic_loss(z, t):
    return (np.logaddexp(0, z) - t * z).mean()


@derivation(z="n k", t=real("n k", low=0, high=1, differentiate=False))
def logistic_losses(z, t):
    return (np.logaddexp(0, z) - t * z).sum()


@derivation(q="n d", k="m d")
def scores(q, k):
    return q @ k.T / np.sqrt(q.shape[1])


@derivation(q="n d", b="d")
def scaled_to_size(q, b):
    return (q + b) / np.sqrt(q.shape[1])


@derivation(a="n h", b="n h")
def gated_product(a, b):
    return a * sigmoid_of(a) * b


@derivation(a="h", b="h")
def tanh_gate(a, b):
    return np.tanh(a) * b**2


@derivation(x="n k", g="k")
def rms_norm(x, g):
    return g * x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-6)


@derivation(v="d m", g="m")
def weight_norm(v, g):
    return g * v / np.sqrt((v**2).sum(axis=0))


@derivation(x=real("k", low=0.5, high=4.0))
def entropy_of(x):
    return -(x * np.log(x)).sum()


@derivation(x="n k")
def leaning(x):
    return x + np.sin(x)


@derivation(a="n n", b="n n")
def trace_of_product(a, b):
    return np.trace(a @ b)


@derivation(x="n k")
def centred_rows(x):
    return x - x.mean(1, keepdims=True)


@derivation(x="n d")
def gram(x):
    return x.T @ x


@derivation(x="n d")
def squared_distances(x):
    return ((x[:, None] - x[None]) ** 2).sum(axis=-1)


def smoothed(z, labels):
    n, k = z.shape
    targets = np.full((n, k), 0.1 / k)
    targets[np.arange(n), labels] += 0.9
    return -(targets * np.log(softmax_of(z))).sum()


@options(sizes={"n": (2, 6), "k": (2, 6)})
@derivation(z="n k", labels=integers("n", high="k"))
def smoothed_loss(z, labels):
    return smoothed(z, labels)


@options(sizes={"n": (2, 6), "k": (2, 6)})
@derivation(z="n k", labels=integers("n", high="k"))
def penalized_loss(z, labels):
    return cross_entropy(z, labels) - 0.2 * np.log(softmax_of(z)).mean()


@derivation(x="n")
def swish(x):
    return x * sigmoid_of(x)


@derivation(x="n")
def folded(x):
    return x * np.logaddexp(0, x)


@derivation(x="n d")
def flipped_sines(x):
    return np.sin(x[::-1])


@derivation(x="n d")
def transposed_squares(x):
    return x.T**2


@derivation(x="n 4")
def heads_of(x):
    return np.tanh(x.reshape(len(x), 2, 2).transpose(1, 0, 2))


@derivation(x="n d")
def flat_sines(x):
    return np.sin(x).ravel()


@derivation(x="n d", a="d")
def leaking(x, a):
    return np.where(x > 0, x, a * x)


@derivation(A="n n")
def squared_matrix(A):
    return A @ A


@derivation(w="n", v="n")
def momentum_step(w, v):
    step = 0.9 * v - 0.1 * np.sin(w)
    return w + step
