from dataclasses import dataclass
from typing import List, Tuple

import numpy as np


@dataclass
class Layer:
    W: np.ndarray   # (out, in)
    b: np.ndarray   # (out,)


def glorot(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    return rng.normal(0.0, np.sqrt(2.0 / (fan_in + fan_out)), size=(fan_out, fan_in))


class FeedForward:
    def __init__(self, dims: List[int], seed: int = 7) -> None:
        rng = np.random.default_rng(seed)
        self.layers = [Layer(glorot(rng, i, o), np.zeros(o)) for i, o in zip(dims, dims[1:])]

    def _run(self, x: np.ndarray) -> List[np.ndarray]:
        out = [x]
        for layer in self.layers[:-1]:
            out.append(np.maximum(out[-1] @ layer.W.T + layer.b, 0.0))
        last = self.layers[-1]
        logits = out[-1] @ last.W.T + last.b
        exp = np.exp(logits - logits.max(axis=1, keepdims=True))
        out.append(exp / exp.sum(axis=1, keepdims=True))
        return out

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self._run(x)[-1]

    def loss(self, x: np.ndarray, y_onehot: np.ndarray) -> float:
        return float(-(y_onehot * np.log(self.forward(x) + 1e-12)).sum(axis=1).mean())

    def gradients(self, x: np.ndarray, y_onehot: np.ndarray) -> List[Tuple[np.ndarray, np.ndarray]]:
        acts = self._run(x)
        delta = (acts[-1] - y_onehot) / x.shape[0]
        grads = []
        for k in range(len(self.layers) - 1, -1, -1):
            grads.append((delta.T @ acts[k], delta.sum(axis=0)))
            if k:
                delta = (delta @ self.layers[k].W) * (acts[k] > 0)
        return grads[::-1]

    def apply(self, grads: List[Tuple[np.ndarray, np.ndarray]], lr: float) -> None:
        for layer, (dW, db) in zip(self.layers, grads):
            layer.W = layer.W - lr * dW
            layer.b = layer.b - lr * db

    def train(self, x, y_onehot, epochs: int = 10, batch_size: int = 16, lr: float = 0.1, seed: int = 0) -> List[float]:
        rng = np.random.default_rng(seed)
        history = []
        for _ in range(epochs):
            perm = rng.permutation(len(x))
            for start in range(0, len(x), batch_size):
                sel = perm[start:start + batch_size]
                self.apply(self.gradients(x[sel], y_onehot[sel]), lr)
            history.append(self.loss(x, y_onehot))
        return history

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.forward(x).argmax(axis=1)
