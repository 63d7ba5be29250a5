import math
import random


class Neuron:
    def __init__(self, n_inputs):
        self.weights = [random.gauss(0, math.sqrt(2 / n_inputs)) for _ in range(n_inputs)]
        self.bias = 0.0
        self.inputs = []
        self.z = 0.0
        self.output = 0.0
        self.delta = 0.0

    def weighted_sum(self, inputs):
        self.inputs = inputs
        self.z = sum(w * x for w, x in zip(self.weights, inputs)) + self.bias
        return self.z


class NeuronLayer:
    def __init__(self, n_neurons, n_inputs):
        self.neurons = [Neuron(n_inputs) for _ in range(n_neurons)]

    def feed_forward(self, inputs):
        for neuron in self.neurons:
            neuron.output = max(0.0, neuron.weighted_sum(inputs))
        return [neuron.output for neuron in self.neurons]


class OutputLayer(NeuronLayer):
    def feed_forward(self, inputs):
        zs = [neuron.weighted_sum(inputs) for neuron in self.neurons]
        largest = max(zs)
        exps = [math.exp(z - largest) for z in zs]
        for neuron, e in zip(self.neurons, exps):
            neuron.output = e / sum(exps)
        return [neuron.output for neuron in self.neurons]


class NeuralNetwork:
    def __init__(self, num_inputs, num_hidden, num_outputs, learning_rate=0.5):
        self.learning_rate = learning_rate
        self.hidden_layer = NeuronLayer(num_hidden, num_inputs)
        self.output_layer = OutputLayer(num_outputs, num_hidden)

    def feed_forward(self, inputs):
        return self.output_layer.feed_forward(self.hidden_layer.feed_forward(inputs))

    def train(self, training_inputs, training_outputs):
        """One step of online learning; training_outputs is one-hot."""
        self.feed_forward(training_inputs)

        # 1. Output neuron deltas
        for o, neuron in enumerate(self.output_layer.neurons):
            neuron.delta = neuron.output - training_outputs[o]

        # 2. Hidden neuron deltas
        for h, neuron in enumerate(self.hidden_layer.neurons):
            error = sum(out.delta * out.weights[h] for out in self.output_layer.neurons)
            neuron.delta = error if neuron.z > 0 else 0.0

        # 3. Update all weights and biases
        for layer in (self.output_layer, self.hidden_layer):
            for neuron in layer.neurons:
                for i in range(len(neuron.weights)):
                    neuron.weights[i] -= self.learning_rate * neuron.delta * neuron.inputs[i]
                neuron.bias -= self.learning_rate * neuron.delta

    def calculate_total_error(self, training_sets):
        total_error = 0
        for inputs, outputs in training_sets:
            predicted = self.feed_forward(inputs)
            total_error -= sum(t * math.log(p + 1e-15) for t, p in zip(outputs, predicted))
        return total_error / len(training_sets)


if __name__ == '__main__':
    training_sets = [([0, 0], [1, 0]), ([0, 1], [0, 1]), ([1, 0], [0, 1]), ([1, 1], [1, 0])]
    nn = NeuralNetwork(2, 5, 2)
    for i in range(10000):
        inputs, outputs = random.choice(training_sets)
        nn.train(inputs, outputs)
    print(i, nn.calculate_total_error(training_sets))
