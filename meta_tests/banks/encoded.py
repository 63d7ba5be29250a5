"""A host whose every message is written as bytes and read again: what a host in another process does."""

from dataclasses import replace

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.host.host import InProcess
from chainrule.host.protocol import decode, encode


class Encoded(InProcess):
    """The implementation in a host that shares no object with the boundary."""

    def call(self, name, arguments, keywords):
        return self.passed_on(super().call, arguments, [dict(keywords)], [name])

    def draws(self, arguments, count):
        return self.passed_on(super().draws, arguments, [count])

    def first_weights(self, arguments, seeds):
        return self.passed_on(super().first_weights, arguments, [list(seeds)])

    def losses(self, arguments, moves):
        return self.passed_on(super().losses, arguments, [moves])

    def passed_on(self, method, arguments, after, before=()):
        generators = [argument for argument in arguments if isinstance(argument, np.random.Generator)]
        before, inside, after = decode(encode([list(before), list(arguments), after]))
        answer = method(*before, inside, *after)
        drawn = [argument for argument in inside if isinstance(argument, np.random.Generator)]
        answer, states = decode(encode([answer, [generator.bit_generator.state for generator in drawn]]))
        for generator, state in zip(generators, states, strict=True):  # the caller's generator has drawn as much
            generator.bit_generator.state = state
        return answer

    def apply(self, name, function, arguments):
        return decode(encode(super().apply(*decode(encode([name, function, list(arguments)])))))

    def update(self, *arguments):
        return decode(encode(super().update(*decode(encode(list(arguments))))))

    def reread(self, number):
        return decode(encode(super().reread(decode(encode(number)))))

    def prepare(self, sizes):
        super().prepare(decode(encode(list(sizes))))

    def supports(self, sizes):
        return decode(encode(super().supports(decode(encode(list(sizes))))))

    def where(self, name):
        return decode(encode(super().where(decode(encode(name)))))

    def regularize(self, lam):
        super().regularize(decode(encode(lam)))

    def traits(self):
        return decode(encode(super().traits()))

    def description(self):
        return decode(encode(super().description()))

    def traced(self):
        return decode(encode(super().traced()))

    def change(self, function, source):
        return decode(encode(super().change(*decode(encode([function, source])))))


def encoded(loaded):
    """The same implementation in a host whose messages are bytes on the way."""
    host = Encoded(loaded.host.implementation)
    return replace(loaded, host=host, impl=Boundary(host, loaded.conventions, loaded.reading_notes))
