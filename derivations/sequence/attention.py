r"""Scaled dot-product attention, plain, with a mask, and causal.

$$S = \frac{Q K^T}{\sqrt d}, \qquad P = \mathrm{softmax}(S), \qquad Y = P V$$
$$dV = P^T dY, \quad dP = dY\, V^T, \quad dS = P \odot (dP - \mathrm{rowsum}(P \odot dP)), \quad
dQ = \frac{dS\, K}{\sqrt d}, \quad dK = \frac{dS^T Q}{\sqrt d}$$

Three linear steps and a softmax of each row. A score that is masked is $-\infty$ before the
softmax, so its probability is 0, and with it both its gradient and its share of the row sum: the
rule is the same, masked or not. A query that may see nothing gets zeros.

Source: A. Vaswani et al., "Attention is all you need", 2017, section 3.2.1.
"""

import numpy as np

from derivations.softmax import jacobian as softmax_jacobian
from derivations.softmax_batch import backward as softmax_backward
from derivations.softmax_batch import softmax_batch
from gradcheck import boolean, derivation, identity, measure_jvp, options

SMALL = {"n": (1, 4), "m": (1, 4), "d": (1, 4), "e": (1, 3)}
BATCHED = {"Q": "*batch n d", "K": "*batch m d", "V": "*batch m e"}
ONE = {"Q": "n d", "K": "m d", "V": "m e"}


def transposed(A):
    """The last two axes exchanged."""
    return np.swapaxes(A, -1, -2)


def probabilities(Q, K, allowed=None):
    r"""$P$, shape ``(…, n, m)``; 0 where ``allowed`` is false."""
    S = Q @ transposed(K) / np.sqrt(Q.shape[-1])
    if allowed is None:
        return softmax_batch(S)
    largest = np.max(S, axis=-1, keepdims=True, where=allowed, initial=-np.inf)
    # Before the exponential, so that a score that is not looked at cannot overflow.
    e = np.exp(np.where(allowed, S - np.where(np.isfinite(largest), largest, 0.0), -np.inf))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total > 0, total, 1.0)


def gradients(dY, Q, K, V, P):
    r"""$dQ$, $dK$ and $dV$, given the probabilities; in the shapes of ``Q``, ``K`` and ``V``."""
    scale = 1 / np.sqrt(Q.shape[-1])
    dS = softmax_backward(dY @ transposed(V), P)
    return dS @ K * scale, transposed(dS) @ Q * scale, transposed(P) @ dY


@options(output="Y", sizes=SMALL)
@derivation(**BATCHED)
def attention(Q, K, V):
    r"""Queries ``(…, n, d)``, keys ``(…, m, d)`` and values ``(…, m, e)`` give ``(…, n, e)``."""
    return probabilities(Q, K) @ V


@attention.vjp("V")
def dl_dV(dY, Q, K):
    r"""$dV = P^T dY$: $Y$ is linear in the values; ``(…, m, e)``."""
    return transposed(probabilities(Q, K)) @ dY


@attention.vjp
def backward(dY, Q, K, V):
    r"""All three, in order."""
    return gradients(dY, Q, K, V, probabilities(Q, K))


@attention.jvp
def forward_mode(dQ, dK, dV, Q, K, V):
    r"""$\dot S$ and $\dot Y$ by the product rule, $\dot P$ by that of softmax; ``(…, n, e)``."""
    P = probabilities(Q, K)
    dS = (dQ @ transposed(K) + Q @ transposed(dK)) / np.sqrt(Q.shape[-1])
    dP = P * (dS - (P * dS).sum(axis=-1, keepdims=True))
    return dP @ V + P @ dV


@options(output="Y", sizes=SMALL)
@derivation(**ONE, allowed=boolean("n m"))
def masked_attention(Q, K, V, allowed):
    r"""The same where query $a$ sees key $b$ only if ``allowed[a, b]``."""
    return probabilities(Q, K, allowed) @ V


@masked_attention.vjp
def backward_of_masked(dY, Q, K, V, allowed):
    r"""The rule does not change: a probability of 0 lets nothing through."""
    return gradients(dY, Q, K, V, probabilities(Q, K, allowed))


@options(output="Y", sizes={"n": (1, 5), "d": (1, 4), "e": (1, 3)})
@derivation(Q="n d", K="n d", V="n e")
def causal_attention(Q, K, V):
    r"""Position $a$ sees the positions up to $a$, as in a language model; ``(n, e)``."""
    return probabilities(Q, K, np.tri(len(Q), dtype=bool)) @ V


@causal_attention.vjp
def backward_of_causal(dY, Q, K, V):
    r"""With the same triangle for a mask."""
    return gradients(dY, Q, K, V, probabilities(Q, K, np.tri(len(Q), dtype=bool)))


@causal_attention.partial("V", where=lambda i, j: i[0] > j[0])
def nothing_from_the_future():
    r"""$\partial Y_{ab} / \partial V_{pq} = 0$ for $p > a$, a scalar."""
    return 0.0


@causal_attention.partial("V", where=lambda i, j: i[0] <= j[0])
def probability_of_the_past(Q, K, i, j):
    r"""$\partial Y_{ab} / \partial V_{pq} = P_{ap} \delta_{bq}$ for $p \le a$, a scalar."""
    (p, q), (a, b) = i, j
    return probabilities(Q, K, np.tri(len(Q), dtype=bool))[a, p] * float(b == q)


@options(sizes=SMALL)
@identity(**ONE)
def everything_allowed(Q, K, V):
    r"""With a mask that allows everything nothing is masked; ``(n, e)``."""
    allowed = np.ones((len(Q), len(K)), dtype=bool)
    return masked_attention(Q, K, V, allowed), attention(Q, K, V)


@options(sizes=SMALL)
@identity(**ONE, dY="n e")
def row_by_row(Q, K, V, dY):
    r"""$dQ_a = dY_a V^T J_a K / \sqrt d$ with the Jacobian of softmax for each row; ``(n, d)``."""
    P, scale = probabilities(Q, K), 1 / np.sqrt(Q.shape[-1])
    rows = [dy @ V.T @ softmax_jacobian(p) @ K * scale for dy, p in zip(dY, P, strict=True)]
    return backward(dY, Q, K, V)[0], np.stack(rows)


@options(sizes=SMALL)
@identity(**ONE, u="d")
def moving_all_keys_together(Q, K, V, u):
    r"""Adding one vector to all keys adds a constant to each row of scores; ``(n, e)``."""
    moved = np.ones((len(K), 1)) * u
    return measure_jvp(lambda K: attention(Q, K, V), (K,), (moved,)), np.zeros((len(Q), V.shape[1]))
