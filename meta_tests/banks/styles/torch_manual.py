import torch
import matplotlib.pyplot as plt


class MLP:
    """Two layers on torch tensors, the backward pass by hand (no autograd)."""

    def __init__(self, D_in, H, D_out):
        self.w1 = torch.randn(D_in, H) * (2 / D_in) ** 0.5
        self.b1 = torch.zeros(H)
        self.w2 = torch.randn(H, D_out) * (2 / H) ** 0.5
        self.b2 = torch.zeros(D_out)

    def forward(self, x):
        self.x = x
        self.h = x.mm(self.w1) + self.b1
        self.h_relu = self.h.clamp(min=0)
        logits = self.h_relu.mm(self.w2) + self.b2
        logits = logits - logits.max(dim=1, keepdim=True).values
        self.p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
        return self.p

    def loss(self, x, y):
        p = self.forward(x)
        return -torch.log(p[torch.arange(len(y)), y] + 1e-10).mean().item()

    def backward(self, y):
        n = len(y)
        grad_logits = self.p.clone()
        grad_logits[torch.arange(n), y] -= 1
        grad_logits /= n
        self.grad_w2 = self.h_relu.t().mm(grad_logits)
        self.grad_b2 = grad_logits.sum(dim=0)
        grad_h = grad_logits.mm(self.w2.t())
        grad_h[self.h < 0] = 0
        self.grad_w1 = self.x.t().mm(grad_h)
        self.grad_b1 = grad_h.sum(dim=0)

    def step(self, learning_rate):
        self.w1 -= learning_rate * self.grad_w1
        self.b1 -= learning_rate * self.grad_b1
        self.w2 -= learning_rate * self.grad_w2
        self.b2 -= learning_rate * self.grad_b2

    def train(self, x, y, epochs, batch_size, learning_rate):
        for epoch in range(epochs):
            perm = torch.randperm(len(x))
            for i in range(0, len(x), batch_size):
                idx = perm[i:i + batch_size]
                self.forward(x[idx])
                self.backward(y[idx])
                self.step(learning_rate)

    def predict(self, x):
        return self.forward(x).argmax(dim=1)


if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(256, 2)
    y = (x[:, 0] > x[:, 1]).long()
    net = MLP(2, 32, 2)
    net.train(x, y, 50, 32, 0.1)
    plt.scatter(x[:, 0], x[:, 1], c=net.predict(x))
    plt.show()
