# Two-layer network without bias terms, trained with mini-batch SGD.
import numpy as np

class TwoLayerNet(object):

    def __init__(self, D_in, H, D_out, seed=1):
        rs = np.random.RandomState(seed)
        self.w1 = rs.randn(D_in, H) * np.sqrt(2. / D_in)
        self.w2 = rs.randn(H, D_out) * np.sqrt(2. / H)

    def forward(self, x):
        h = x.dot(self.w1)
        h_relu = np.maximum(h, 0)
        scores = h_relu.dot(self.w2)
        exps = np.exp(scores - scores.max(axis=1)[:, None])
        probs = exps / exps.sum(axis=1)[:, None]
        return probs, h, h_relu

    def loss(self, x, y):
        probs, _, _ = self.forward(x)
        return -np.log(probs[range(len(y)), y] + 1e-9).mean()

    def gradients(self, x, y):
        probs, h, h_relu = self.forward(x)
        grad_scores = probs.copy()
        grad_scores[range(len(y)), y] -= 1
        grad_scores /= len(y)
        grad_w2 = h_relu.T.dot(grad_scores)
        grad_h_relu = grad_scores.dot(self.w2.T)
        grad_h = grad_h_relu.copy()
        grad_h[h < 0] = 0
        grad_w1 = x.T.dot(grad_h)
        return grad_w1, grad_w2

    def train(self, x, y, epochs=20, batch_size=64, learning_rate=1e-1):
        for t in range(epochs):
            perm = np.random.permutation(len(x))
            for k in range(0, len(x), batch_size):
                batch = perm[k:k + batch_size]
                grad_w1, grad_w2 = self.gradients(x[batch], y[batch])
                self.w1 -= learning_rate * grad_w1
                self.w2 -= learning_rate * grad_w2
            print(t, self.loss(x, y))

    def predict(self, x):
        return self.forward(x)[0].argmax(axis=1)


if __name__ == '__main__':
    X = np.random.randn(500, 20)
    Y = (X[:, :4]).argmax(axis=1)
    net = TwoLayerNet(20, 50, 4)
    net.train(X, Y)
    print('accuracy', (net.predict(X) == Y).mean())
