"""Technical needs of enterprises and achievements of universities and institutes."""
