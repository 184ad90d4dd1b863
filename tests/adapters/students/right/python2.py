import numpy as np
import theano.tensor as T

data = open('input.txt').read()
print 'data has %d characters' % len(data)

def running_forward(x):
  out, total = np.zeros_like(x), 0
  for t in xrange(len(x)):
    total = total + x[t]
    out[t] = total
  return out, len(x)

def running_backward(dout, cache):
  dx = np.zeros_like(dout)
  for t in reversed(xrange(cache)):
    dx[t] = dout[t:].sum(axis=0)
  return dx

def halved_forward(x):
  return x * (7 / 2), x.shape

def halved_backward(dout, cache):
  return dout * 3

while True:
  print 'iter', n
