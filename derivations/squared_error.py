r"""Half the squared error, averaged over the rows.

$$l = \frac{1}{2N} \sum_{a=1}^N \sum_{j=1}^k (q_{aj} - t_{aj})^2, \qquad
\frac{\partial l}{\partial q} = \frac{q - t}{N}$$

Not in the homework: the second of the losses from which $\partial l / \partial y$ may come. The
mean is over the rows alone, not over the classes; the half cancels the 2 of the square.
"""

from gradcheck import derivation, identity


@derivation(q="*batch k", t="*batch k")
def squared_error(q, t):
    r"""$\frac{1}{2N} \sum (q - t)^2$, a scalar.

    The predictions ``q`` and the targets ``t`` are one row ``(k,)`` or rows ``(n, k)``.
    """
    rows = q[..., 0].size
    return ((q - t) ** 2).sum() / (2 * rows)


@squared_error.vjp
def backward(dl, q, t):
    r"""$dq = dl\,(q - t) / N$ and $dt = -dq$, of the shape of ``q``; ``dl`` is a scalar."""
    rows = q[..., 0].size
    dq = dl * (q - t) / rows
    return dq, -dq


@identity(q="n k", t="n k", s="n k")
def only_the_difference_counts(q, t, s):
    r"""$dq$ at $(q, t)$ and $(s, t)$ differ by $(q - s) / N$: the rule is linear; ``(n, k)``."""
    return backward(1.0, q, t)[0] - backward(1.0, s, t)[0], (q - s) / len(q)
