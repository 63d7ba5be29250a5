from tensorflow.keras.datasets import mnist   # only for the data
import numpy as np

IMAGE_SIZE = 28 * 28
NUM_CLASSES = 10


def to_categorical(labels):
    return np.eye(NUM_CLASSES)[labels]


class MnistNet:
    def __init__(self, hidden_size=128):
        self.weights_1 = np.random.randn(IMAGE_SIZE, hidden_size) * np.sqrt(2 / IMAGE_SIZE)
        self.bias_1 = np.zeros((1, hidden_size))
        self.weights_2 = np.random.randn(hidden_size, NUM_CLASSES) * np.sqrt(2 / hidden_size)
        self.bias_2 = np.zeros((1, NUM_CLASSES))

    def feed_forward(self, images):
        self.inputs = images
        self.hidden_pre = images @ self.weights_1 + self.bias_1
        self.hidden = np.maximum(self.hidden_pre, 0)
        scores = self.hidden @ self.weights_2 + self.bias_2
        scores = scores - scores.max(axis=1, keepdims=True)
        self.output = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return self.output

    def cost(self, images, targets):
        output = self.feed_forward(images)
        return -np.sum(targets * np.log(np.clip(output, 1e-12, 1.0))) / len(images)

    def train_step(self, images, targets, lr):
        output = self.feed_forward(images)
        error = (output - targets) / len(images)
        hidden_error = (error @ self.weights_2.T) * (self.hidden_pre > 0)
        self.weights_2 -= lr * self.hidden.T @ error
        self.bias_2 -= lr * error.sum(axis=0, keepdims=True)
        self.weights_1 -= lr * self.inputs.T @ hidden_error
        self.bias_1 -= lr * hidden_error.sum(axis=0, keepdims=True)

    def train(self, images, targets, epochs=5, batch_size=64, lr=0.1):
        for epoch in range(epochs):
            order = np.random.permutation(len(images))
            for i in range(0, len(images), batch_size):
                batch = order[i:i + batch_size]
                self.train_step(images[batch], targets[batch], lr)
            print(f"epoch {epoch + 1}/{epochs}  cost {self.cost(images, targets):.4f}")

    def predict(self, images):
        return np.argmax(self.feed_forward(images), axis=1)


if __name__ == '__main__':
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    x_train = x_train.reshape(-1, IMAGE_SIZE) / 255
    x_test = x_test.reshape(-1, IMAGE_SIZE) / 255
    net = MnistNet(128)
    net.train(x_train, to_categorical(y_train))
    print("test accuracy", np.mean(net.predict(x_test) == y_test))
