"""einsum everywhere; the loss is a SUM over the batch, gradients are sums as well,
so the learning rate is small."""
import numpy as np


class EinsumNet:
    def __init__(self, d, h, c, seed=0):
        g = np.random.default_rng(seed)
        self.W1 = g.normal(scale=np.sqrt(2 / d), size=(d, h))
        self.b1 = np.zeros(h)
        self.W2 = g.normal(scale=np.sqrt(2 / h), size=(h, h))
        self.b2 = np.zeros(h)
        self.W3 = g.normal(scale=np.sqrt(2 / h), size=(h, c))
        self.b3 = np.zeros(c)

    def forward(self, x):
        self.x = x
        self.z1 = np.einsum("nd,dh->nh", x, self.W1) + self.b1
        self.a1 = np.maximum(0, self.z1)
        self.z2 = np.einsum("nh,hk->nk", self.a1, self.W2) + self.b2
        self.a2 = np.maximum(0, self.z2)
        self.z3 = np.einsum("nk,kc->nc", self.a2, self.W3) + self.b3
        e = np.exp(self.z3 - self.z3.max(axis=1)[:, None])
        self.p = np.einsum("nc,n->nc", e, 1.0 / np.einsum("nc->n", e))
        return self.p

    def loss(self, x, t):
        """t is one-hot. Summed (not averaged) cross-entropy."""
        p = self.forward(x)
        return -np.einsum("nc,nc->", t, np.log(p + 1e-12))

    def gradients(self, t):
        d3 = self.p - t
        gW3 = np.einsum("nk,nc->kc", self.a2, d3)
        gb3 = np.einsum("nc->c", d3)
        d2 = np.einsum("nc,kc->nk", d3, self.W3) * (self.z2 > 0)
        gW2 = np.einsum("nh,nk->hk", self.a1, d2)
        gb2 = np.einsum("nk->k", d2)
        d1 = np.einsum("nk,hk->nh", d2, self.W2) * (self.z1 > 0)
        gW1 = np.einsum("nd,nh->dh", self.x, d1)
        gb1 = np.einsum("nh->h", d1)
        return gW1, gb1, gW2, gb2, gW3, gb3

    def step(self, x, t, lr):
        self.forward(x)
        gW1, gb1, gW2, gb2, gW3, gb3 = self.gradients(t)
        self.W1 -= lr * gW1
        self.b1 -= lr * gb1
        self.W2 -= lr * gW2
        self.b2 -= lr * gb2
        self.W3 -= lr * gW3
        self.b3 -= lr * gb3

    def fit(self, x, t, epochs=40, batch_size=20, lr=0.005, seed=0):
        g = np.random.default_rng(seed)
        out = []
        for _ in range(epochs):
            idx = g.permutation(len(x))
            for part in np.array_split(idx, max(1, len(x) // batch_size)):
                self.step(x[part], t[part], lr)
            out.append(self.loss(x, t))
        return out

    def predict(self, x):
        return self.forward(x).argmax(axis=1)


if __name__ == "__main__":
    g = np.random.default_rng(9)
    y = g.integers(0, 3, 200)
    x = g.normal(size=(200, 4)) + 2 * np.eye(3, 4)[y]
    net = EinsumNet(4, 12, 3)
    l = net.fit(x, np.eye(3)[y])
    print(l[0], l[-1], (net.predict(x) == y).mean())
