from functools import partial
import jax
import jax.numpy as jnp

@jax.custom_vjp
def softabs(x):
    return jnp.sqrt(x*x + 1)

def softabs_fwd(x):
    y = softabs(x)
    return y, (x, y)

def softabs_bwd(res, g):
    x, y = res
    return (g*x/y,)

softabs.defvjp(softabs_fwd, softabs_bwd)

@partial(jax.custom_vjp, nondiff_argnums=(0,))
def through(f, x):
    return f(x)*x

def through_fwd(f, x):
    return through(f, x), x

def through_bwd(f, x, g):
    return (g*(f(x) + x*jax.jvp(f, (x,), (jnp.ones_like(x),))[1]),)

through.defvjp(through_fwd, through_bwd)

class Tanh:
    def forward(self, x):
        self.y = jnp.tanh(x)
        return self.y

    def backward(self, dout):
        return dout*(1 - self.y**2)
