"""The commands of ``python -m autograd_lite``, each in a module of its own."""
