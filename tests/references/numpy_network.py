"""A multilayer perceptron in NumPy with the lecture's matrix formulas, forward and backward."""

import math

import numpy as np

erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def bell(z):
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def mish_slope(z):
    t = np.tanh(np.log1p(np.exp(z)))
    return t + z * sigmoid(z) * (1 - t * t)


def step(z, below):
    """A slope of 1 for z > 0 and of `below` elsewhere."""
    return np.where(z > 0, 1.0, below)


# φ and φ' of one number, without parameters
ACTIVATIONS = {
    "linear": (lambda z: z, np.ones_like),
    "step": (lambda z: step(z, 0.0), np.zeros_like),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(0.0, z), lambda z: step(z, 0.0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: step(z, 0.01)),
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: step(z, np.exp(np.minimum(z, 0))),
    ),
    "gelu": (
        lambda z: z * (1 + erf(z / math.sqrt(2))) / 2,
        lambda z: (1 + erf(z / math.sqrt(2))) / 2 + z * bell(z),
    ),
    "silu": (lambda z: z * sigmoid(z), lambda z: sigmoid(z) * (1 + z * (1 - sigmoid(z)))),
    "mish": (lambda z: z * np.tanh(np.log1p(np.exp(z))), mish_slope),
    "softplus": (lambda z: np.log1p(np.exp(z)), sigmoid),
}
ACTIVATIONS["swish"] = ACTIVATIONS["silu"]


class Network:
    """W and b of each layer, with W of shape (fan_in, fan_out) and an example in each row of X."""

    def __init__(self, W, b, activation, output):
        self.W, self.b = W, b
        names = [activation] * (len(W) - 1) + [output]
        self.phi = [ACTIVATIONS[name] for name in names]

    @classmethod
    def like(cls, model, activation, output):
        """With the weights of an autograd_lite MLP."""
        return cls(*arrays(model, "data"), activation, output)

    def forward(self, X):
        """z and a of each layer: z = a W + b and a = φ(z)."""
        zs, activations = [], [X]
        for W, b, (phi, _) in zip(self.W, self.b, self.phi, strict=True):
            zs.append(activations[-1] @ W + b)
            activations.append(phi(zs[-1]))
        return zs, activations

    def gradients(self, X, output_slope):
        """dJ/dW and dJ/db of each layer and dJ/dX, where `output_slope` is dJ/da of the output layer."""
        zs, activations = self.forward(X)
        slope, grads_W, grads_b = output_slope, [], []
        for layer in reversed(range(len(self.W))):
            delta = slope * self.phi[layer][1](zs[layer])
            grads_W.insert(0, activations[layer].T @ delta)
            grads_b.insert(0, delta.sum(axis=0))
            slope = delta @ self.W[layer].T
        return grads_W, grads_b, slope

    def train(self, X, y, learning_rates, batch_size, rng):
        """The lecture's mini-batch gradient descent on the cross-entropy of one sigmoid; the losses."""
        losses = []
        for learning_rate in learning_rates:
            order, total = rng.permutation(len(X)), 0.0
            for start in range(0, len(X), batch_size):
                batch = order[start : start + batch_size]
                p, target = self.forward(X[batch])[1][-1], y[batch].reshape(-1, 1)
                total -= (target * np.log(p) + (1 - target) * np.log(1 - p)).sum()
                slope = (p - target) / (p * (1 - p)) / len(batch)
                grads_W, grads_b, _ = self.gradients(X[batch], slope)
                self.W = [W - learning_rate * dW for W, dW in zip(self.W, grads_W, strict=True)]
                self.b = [b - learning_rate * db for b, db in zip(self.b, grads_b, strict=True)]
            losses.append(total / len(X))
        return losses


def arrays(model, attribute):
    """`data` or `grad` of an autograd_lite MLP's parameters, as arrays W and b of each layer."""
    W, b = [], []
    for layer in model.layers:
        W.append(np.array([[getattr(w, attribute) for w in neuron.w] for neuron in layer.neurons]).T)
        b.append(np.array([getattr(neuron.b, attribute) for neuron in layer.neurons]))
    return W, b
