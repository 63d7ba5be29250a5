# %% [code]
import numpy as np

# Same format as the Kaggle digit csv: first column = label, the rest = pixels
np.random.seed(0)
n_rows, n_pixels, n_classes = 400, 20, 5
labels = np.random.randint(0, n_classes, n_rows)
protos = np.random.rand(n_classes, n_pixels) * 255
pixels = np.clip(protos[labels] + np.random.randn(n_rows, n_pixels) * 30, 0, 255)

X_train = (pixels[50:] / 255.0).T
Y_train = labels[50:]
X_dev = (pixels[:50] / 255.0).T
Y_dev = labels[:50]


# %% [code]
def init_params(n_in=n_pixels, n_hid=16, n_out=n_classes):
    # Xavier
    W1 = np.random.randn(n_hid, n_in) * np.sqrt(2 / (n_in + n_hid))
    b1 = np.zeros((n_hid, 1))
    W2 = np.random.randn(n_out, n_hid) * np.sqrt(2 / (n_hid + n_out))
    b2 = np.zeros((n_out, 1))
    return W1, b1, W2, b2


def ReLU(Z):
    return np.maximum(Z, 0)


def ReLU_deriv(Z):
    return Z > 0


def softmax(Z):
    Z = Z - np.max(Z, axis=0)
    return np.exp(Z) / np.sum(np.exp(Z), axis=0)


def forward_prop(W1, b1, W2, b2, X):
    Z1 = W1.dot(X) + b1
    A1 = ReLU(Z1)
    Z2 = W2.dot(A1) + b2
    A2 = softmax(Z2)
    return Z1, A1, Z2, A2


def one_hot(Y):
    one_hot_Y = np.zeros((Y.size, n_classes))
    one_hot_Y[np.arange(Y.size), Y] = 1
    return one_hot_Y.T


def get_loss(A2, Y):
    return -np.sum(one_hot(Y) * np.log(A2 + 1e-9)) / Y.size


def backward_prop(Z1, A1, Z2, A2, W1, W2, X, Y):
    m = Y.size
    one_hot_Y = one_hot(Y)
    dZ2 = A2 - one_hot_Y
    dW2 = 1 / m * dZ2.dot(A1.T)
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = W2.T.dot(dZ2) * ReLU_deriv(Z1)
    dW1 = 1 / m * dZ1.dot(X.T)
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    return dW1, db1, dW2, db2


def update_params(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha):
    W1 = W1 - alpha * dW1
    b1 = b1 - alpha * db1
    W2 = W2 - alpha * dW2
    b2 = b2 - alpha * db2
    return W1, b1, W2, b2


def get_predictions(A2):
    return np.argmax(A2, 0)


def get_accuracy(predictions, Y):
    return np.sum(predictions == Y) / Y.size


def gradient_descent(X, Y, alpha, epochs, batch_size=50):
    W1, b1, W2, b2 = init_params()
    m = Y.size
    for epoch in range(epochs):
        perm = np.random.permutation(m)
        for start in range(0, m, batch_size):
            idx = perm[start:start + batch_size]
            Xb, Yb = X[:, idx], Y[idx]
            Z1, A1, Z2, A2 = forward_prop(W1, b1, W2, b2, Xb)
            dW1, db1, dW2, db2 = backward_prop(Z1, A1, Z2, A2, W1, W2, Xb, Yb)
            W1, b1, W2, b2 = update_params(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha)
        if epoch % 10 == 0:
            _, _, _, A2 = forward_prop(W1, b1, W2, b2, X)
            print("Epoch:", epoch, "loss", get_loss(A2, Y), "accuracy", get_accuracy(get_predictions(A2), Y))
    return W1, b1, W2, b2


# %% [code]
W1, b1, W2, b2 = gradient_descent(X_train, Y_train, 0.1, 30)
_, _, _, A2_dev = forward_prop(W1, b1, W2, b2, X_dev)
print("dev accuracy", get_accuracy(get_predictions(A2_dev), Y_dev))
