r"""Section 2, case 2, of the homework exactly as printed: it does not hold.

The last fraction has lost the square of its sum:

$$\frac{\partial y_j}{\partial z_i}
= \frac{0 \cdot \sum_n e^{z_n} - e^{z_i} e^{z_j}}{(\sum_n e^{z_n})^2}
= \frac{-e^{z_j} e^{z_i}}{\sum_n e^{z_n}} = -y_i y_j$$

The second and the third ``=`` are wrong, each by the factor $\sum_n e^{z_n}$. The chain with the
square put back is in ``derivations/softmax_chain.py``.
"""

import numpy as np

from derivations.softmax_chain import (
    AT_LEAST_TWO_CLASSES,
    WITHIN_THE_RANGE_OF_EXP,
    measured_entry,
    textbook_softmax,
)
from gradcheck import identity, integers, options, real


@options(sizes=AT_LEAST_TWO_CLASSES)
@identity(
    z=real("k", **WITHIN_THE_RANGE_OF_EXP),
    i=integers(low=0, high="k"),
    distance=integers(low=1, high="k"),
)
def different_index_chain_as_printed(z, i, distance):
    """Four scalars; the third lacks the square."""
    j = (i + distance) % len(z)
    e = np.exp(z)
    total = e.sum()
    y = textbook_softmax(z)
    return (
        measured_entry(z, i, j),
        (0 * total - e[i] * e[j]) / total**2,
        -e[j] * e[i] / total,
        -y[i] * y[j],
    )
