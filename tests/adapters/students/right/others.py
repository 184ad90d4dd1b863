import numpy as np
from abc import abstractmethod

class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)

class Module:
    def parameters(self):
        return [p for p in vars(self).values() if isinstance(p, Parameter)]
    def zero_grad(self):
        for p in self.parameters():
            p.grad[...] = 0

class Dense(Module):
    def __init__(self, nin, nout):
        self.w = Parameter(np.random.uniform(-1, 1, (nin, nout)))
        self.b = Parameter(np.zeros(nout))
    def __call__(self, x):
        return self.forward(x)
    def forward(self, x):
        self.x = x
        return x @ self.w.data + self.b.data
    def backward(self, g):
        self.w.grad += self.x.T @ g
        self.b.grad += g.sum(0)
        return g @ self.w.data.T

class LayerNorm(Module):
    def __init__(self, dim, eps=1e-5):
        self.gamma = Parameter(np.ones(dim)); self.beta = Parameter(np.zeros(dim)); self.eps = eps
    def forward(self, x):
        m = x.mean(-1, keepdims=True); v = x.var(-1, keepdims=True)
        self.inv = 1/np.sqrt(v+self.eps); self.xh = (x-m)*self.inv
        return self.xh*self.gamma.data + self.beta.data
    def backward(self, g):
        self.gamma.grad += (g*self.xh).sum(0); self.beta.grad += g.sum(0)
        gx = g*self.gamma.data
        return self.inv*(gx - gx.mean(-1,keepdims=True) - self.xh*(gx*self.xh).mean(-1,keepdims=True))

class GELU(Module):
    def forward(self, x):
        self.x = x
        return 0.5*x*(1+np.tanh(np.sqrt(2/np.pi)*(x+0.044715*x**3)))
    def backward(self, g):
        x=self.x; t=np.tanh(np.sqrt(2/np.pi)*(x+0.044715*x**3))
        return g*(0.5*(1+t)+0.5*x*(1-t*t)*np.sqrt(2/np.pi)*(1+3*0.044715*x**2))

class Attention(Module):
    def forward(self, q, k, v):
        self.q, self.k, self.v = q, k, v
        s = q @ k.T / np.sqrt(q.shape[-1]); e = np.exp(s - s.max(-1, keepdims=True))
        self.p = e/e.sum(-1, keepdims=True)
        return self.p @ v
    def backward(self, g):
        dv = self.p.T @ g; dp = g @ self.v.T
        ds = self.p*(dp - (dp*self.p).sum(-1, keepdims=True))/np.sqrt(self.q.shape[-1])
        return ds @ self.k, ds.T @ self.q, dv

class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.stride, self.padding = stride, padding
        self.weights = np.random.randn(out_channels, in_channels, kernel_size, kernel_size)*0.1
        self.bias = np.zeros(out_channels)
    def forward(self, x):
        self.x = x
        N,C,H,W = x.shape; F,_,k,_ = self.weights.shape; s=self.stride
        Ho,Wo=(H-k)//s+1,(W-k)//s+1
        out=np.zeros((N,F,Ho,Wo))
        for i in range(Ho):
            for j in range(Wo):
                out[:,:,i,j]=np.einsum('nchw,fchw->nf', x[:,:,i*s:i*s+k,j*s:j*s+k], self.weights)+self.bias
        return out
    def backward(self, d_out):
        k=self.weights.shape[2]; s=self.stride
        self.d_weights=np.zeros_like(self.weights); dx=np.zeros_like(self.x)
        self.d_bias=d_out.sum((0,2,3))
        for i in range(d_out.shape[2]):
            for j in range(d_out.shape[3]):
                self.d_weights+=np.einsum('nf,nchw->fchw', d_out[:,:,i,j], self.x[:,:,i*s:i*s+k,j*s:j*s+k])
                dx[:,:,i*s:i*s+k,j*s:j*s+k]+=np.einsum('nf,fchw->nchw', d_out[:,:,i,j], self.weights)
        return dx

class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(x.shape[0], -1)
    def backward(self, g):
        return g.reshape(self.shape)

class BinaryCrossEntropy:
    def __call__(self, y_pred, y_true):
        return -np.mean(y_true*np.log(y_pred)+(1-y_true)*np.log(1-y_pred))
    def gradient(self, y_pred, y_true):
        return (y_pred-y_true)/(y_pred*(1-y_pred))/y_pred.size

def relu(x): return np.maximum(0, x)
def relu_derivative(x): return np.where(x > 0, 1, 0)
def softmax_cross_entropy(logits, labels):
    z = logits - logits.max(1, keepdims=True)
    p = np.exp(z)/np.exp(z).sum(1, keepdims=True)
    loss = -(labels*np.log(p)).sum()/len(logits)
    return loss, (p-labels)/len(logits)
def leaky_relu_forward(x, alpha=0.1): return np.where(x>0,x,alpha*x), (x, alpha)
def leaky_relu_backward(dout, cache):
    x, alpha = cache
    return dout*np.where(x>0,1,alpha)
class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {'W1': std*np.random.randn(input_size, hidden_size), 'b1': np.zeros(hidden_size), 'W2': std*np.random.randn(hidden_size, output_size), 'b2': np.zeros(output_size)}
    def loss(self, X, y=None, reg=0.0):
        W1,b1,W2,b2=(self.params[k] for k in ('W1','b1','W2','b2'))
        h=np.maximum(0,X@W1+b1); s=h@W2+b2
        if y is None: return s
        s=s-s.max(1,keepdims=True); p=np.exp(s)/np.exp(s).sum(1,keepdims=True); N=len(X)
        loss=-np.log(p[np.arange(N),y]).mean()+reg*(np.sum(W1*W1)+np.sum(W2*W2))
        d=p.copy(); d[np.arange(N),y]-=1; d/=N
        dh=d@W2.T*(h>0)
        grads={'W2':h.T@d+2*reg*W2,'b2':d.sum(0),'W1':X.T@dh+2*reg*W1,'b1':dh.sum(0)}
        return loss, grads
