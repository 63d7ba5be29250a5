"""Finds the conventions of an implementation by trying.

An inference rests on an effect that no mistake can have: which shapes the code takes and gives, or two of its results
that agree with each other.

attempting   trying things, whatever goes wrong
points       networks of generic parameters to try them on
probe        what has been found so far, and the operations through it
network      weights, arrays, samples, and what the output is
labels       what form labels have
training     how fit takes data, and whether sums or means are taken
functions    relu, softmax, cross_entropy and xavier by themselves
effects      precision and the epsilon of a logarithm
search       all of these in their order
"""
