"""`chainrule train`: trains the reference on Fashion-MNIST."""
