"""Rules of torch, JAX and autograd, through our verdicts and through each one's own checker."""
