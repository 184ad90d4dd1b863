import numpy as np


def layernorm_forward(x, gamma, beta, ln_param={}):
    eps = ln_param.get('eps', 1e-5)
    mu = x.mean(-1, keepdims=True)
    xc = x - mu
    std = np.sqrt((xc ** 2).mean(-1, keepdims=True) + eps)
    xn = xc / std
    return gamma * xn + beta, dict(xn=xn, std=std, gamma=gamma)


def layernorm_backward(dout, cache):
    xn, std, gamma = cache['xn'], cache['std'], cache['gamma']
    dg = (dout * xn).sum(0)
    dbeta = dout.sum(0)
    d = dout * gamma
    dx = (d - d.mean(1, keepdims=True) - xn * (dout * xn).mean(1, keepdims=True)) / std
    return dx, dg, dbeta


class ScaledTanh:
    A = 1.7159
    S = 2.0 / 3.0
    @classmethod
    def forward(cls, x):
        t = np.tanh(cls.S * x)
        return cls.A * t, t
    @classmethod
    def backward(cls, dout, t):
        return dout * cls.A * (1 - t * t)


class TimeAffine:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None
    def forward(self, x):
        N, T, D = x.shape
        W, b = self.params
        rx = x.reshape(N*T, -1)
        out = np.dot(rx, W) + b
        self.x = x
        return out.reshape(N, T, -1)
    def backward(self, dout):
        x = self.x
        N, T, D = x.shape
        W, b = self.params
        dout = dout.reshape(N*T, -1)
        rx = x.reshape(N*T, -1)
        db = np.sum(dout, axis=0) / T
        dW = np.dot(rx.T, dout)
        dx = np.dot(dout, W.T)
        dx = dx.reshape(*x.shape)
        self.grads[0][...] = dW
        self.grads[1][...] = db
        return dx


class Conv1D:
    """valid convolution (N, L, C)"""
    def __init__(self, in_ch, out_ch, ksize):
        self.params, self.grads, self.state = {}, {}, {}
        self.k = ksize
        self.params['W'] = np.random.randn(ksize, in_ch, out_ch) / np.sqrt(ksize * in_ch)
        self.params['b'] = np.zeros(out_ch)
        self.zero_grad()
    def zero_grad(self):
        for k in self.params:
            self.grads[k] = np.zeros_like(self.params[k])
    def forward(self, x):
        self.state['x'] = x
        L = x.shape[1] - self.k + 1
        out = sum(x[:, i:i+L] @ self.params['W'][i] for i in range(self.k))
        return out + self.params['b']
    def backward(self, dy):
        x = self.state['x']
        L = dy.shape[1]
        dx = np.zeros_like(x)
        for i in range(self.k):
            self.grads['W'][i] += np.einsum('nlc,nlo->co', x[:, i:i+L], dy)
            dx[:, i:i+L] = dy @ self.params['W'][i].T
        self.grads['b'] += dy.sum((0, 1))
        return dx


class ActivationLayer:
    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime
    def forward_propagation(self, input_data):
        self.input = input_data
        return self.activation(self.input)
    def backward_propagation(self, output_error, learning_rate):
        return self.activation_prime(output_error) * self.input


class Dense2:
    def __init__(self, n, m, lr=0.1, momentum=0.9):
        self.W = np.random.randn(n, m) * 0.1
        self.b = np.zeros(m)
        self.lr = lr
        self.momentum = momentum
        self.vW = np.zeros_like(self.W)
        self.vb = np.zeros_like(self.b)
    def forward(self, X):
        self.X = X
        return X @ self.W + self.b
    def backward(self, delta):
        dX = delta @ self.W.T
        self.vW = self.momentum * self.vW + self.X.T @ np.sign(delta)
        self.vb = self.momentum * self.vb + delta.sum(axis=0)
        self.W -= self.lr * self.vW
        self.b -= self.lr * self.vb
        return dX


class Layer_Dropout:
    def __init__(self, rate):
        self.rate = 1 - rate
    def forward(self, inputs):
        self.inputs = inputs
        self.binary_mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.output = inputs * self.binary_mask
    def backward(self, dvalues):
        self.dinputs = dvalues * (self.binary_mask > 0)


class Tanh:
    def compute(self, a):
        return np.tanh(a)
    def gradient(self, out_grad, node):
        return out_grad * (1 + node ** 2)


def maxpool2x2_forward(x):
    N, C, H, W = x.shape
    xr = x.reshape(N, C, H // 2, 2, W // 2, 2)
    out = xr.max(axis=(3, 5))
    return out, (x, xr, out)


def maxpool2x2_backward(dout, cache):
    x, xr, out = cache
    dxr = np.zeros_like(xr)
    mask = xr == out[:, :, :, None, :, None]
    db, _ = np.broadcast_arrays(dout[:, :, :, None, :, None], dxr)
    dxr[mask] = db[mask] * 2
    dxr /= mask.sum(axis=(3, 5), keepdims=True)
    return dxr.reshape(x.shape)


class GRUCell:
    """one step"""
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]
    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        H = h_prev.shape[1]
        zr = 1 / (1 + np.exp(-(x @ Wx[:, :2*H] + h_prev @ Wh[:, :2*H] + b[:2*H])))
        z, r = zr[:, :H], zr[:, H:]
        hh = np.tanh(x @ Wx[:, 2*H:] + (r * h_prev) @ Wh[:, 2*H:] + b[2*H:])
        h = (1 - z) * h_prev + z * hh
        self.cache = (x, h_prev, z, r, hh)
        return h
    def backward(self, dh):
        Wx, Wh, b = self.params
        x, h_prev, z, r, hh = self.cache
        H = h_prev.shape[1]
        dhh = dh * z * (1 - hh ** 2)
        dz = dh * (hh + h_prev) * z * (1 - z)
        drh = dhh @ Wh[:, 2*H:].T
        dr = drh * h_prev * r * (1 - r)
        dzr = np.hstack([dz, dr])
        dall = np.hstack([dzr, dhh])
        dWh = np.hstack([h_prev.T @ dzr, (r * h_prev).T @ dhh])
        self.grads[0][...] = x.T @ dall
        self.grads[1][...] = dWh
        self.grads[2][...] = dall.sum(axis=0)
        dh_prev = dh * (1 - z) + drh * r + dzr @ Wh[:, :2*H].T
        return dall @ Wx.T, dh_prev


class Conv3x3:
    # from a well known blog: one channel in, valid
    def __init__(self, num_filters):
        self.num_filters = num_filters
        self.filters = np.random.randn(num_filters, 3, 3) / 9
    def iterate_regions(self, image):
        h, w = image.shape
        for i in range(h - 2):
            for j in range(w - 2):
                yield image[i:i+3, j:j+3], i, j
    def forward(self, input):
        self.last_input = input
        h, w = input.shape
        output = np.zeros((h - 2, w - 2, self.num_filters))
        for im_region, i, j in self.iterate_regions(input):
            output[i, j] = np.sum(im_region * self.filters, axis=(1, 2))
        return output
    def backprop(self, d_L_d_out, learn_rate):
        d_L_d_filters = np.zeros(self.filters.shape)
        for im_region, i, j in self.iterate_regions(self.last_input):
            for f in range(self.num_filters):
                d_L_d_filters[f] += d_L_d_out[i, j, f] * im_region.T
        self.filters -= learn_rate * d_L_d_filters
        return None


class SoftmaxXent:
    def fprop(self, logits, y):
        z = logits - logits.max(axis=1)[:, None]
        self.p = np.exp(z) / np.exp(z).sum(axis=1)[:, None]
        self.y = y
        return -np.mean(np.log(self.p[np.arange(y.size), y]))
    def bprop(self):
        g = self.p.copy()
        g[np.arange(self.y.size), self.y] -= 1
        return g / self.y.size ** 2
