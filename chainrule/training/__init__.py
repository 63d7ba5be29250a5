"""`chainrule train`: the reference trained on Fashion-MNIST."""
