import numpy as np

def squash(x, deriv=False):
    if deriv:
        return x*(1-x)      # x is already squashed
    return 1/(1+np.exp(-x))

def bent(x, derivative=False):
    root = np.sqrt(x**2 + 1)
    if derivative:
        return x/root + 1
    return (root - 1)/2 + x

def ramp(x, slope=0.1, prime=False):
    return np.where(x > 0, 1., 0.) if prime else np.where(x > 0, x, slope*x)
