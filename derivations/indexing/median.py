r"""The median of an odd number of entries, and of an even one.

$$y = x_{\pi_m} \;\; (k = 2m + 1), \qquad
y = \tfrac12 (x_{\pi_m} + x_{\pi_{m+1}}) \;\; (k = 2m + 2)$$

``x`` is ``(k,)``, $y$ a scalar, $\pi$ = ``argsort(x)``, counted from 0. One entry, or the two in
the middle, get all of the gradient: why a single outlier does not move it.

Koenker, "Quantile regression", 2005.
"""

import numpy as np

from derivations.indexing.sort import sort
from gradcheck import derivation, identity, measure_jvp, options

SMALL = {"k": (1, 9)}


@options(sizes=SMALL)
@derivation(x="k")
def median(x):
    r"""A scalar of ``(k,)``."""
    return np.median(x)


@median.gradient
def gradient(x):
    r"""$\frac12 (e_{\pi_{\lfloor (k-1)/2 \rfloor}} + e_{\pi_{\lfloor k/2 \rfloor}})$, ``(k,)``."""
    order, unit = np.argsort(x), np.eye(len(x))
    return (unit[order[(len(x) - 1) // 2]] + unit[order[len(x) // 2]]) / 2


@options(sizes=SMALL)
@identity(x="k")
def middle_of_the_sorted(x):
    r"""The mean of the two in the middle, which are one where $k$ is odd; a scalar."""
    s = sort(x)
    return median(x), (s[(len(x) - 1) // 2] + s[len(x) // 2]) / 2


@options(sizes=SMALL)
@identity(x="k")
def along_ones(x):
    r"""Adding the same to all adds it to the median: measured at ties as well; a scalar."""
    return measure_jvp(median, (x,), (np.ones_like(x),)), 1.0
