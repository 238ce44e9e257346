"""PINNacle (Hao et al., arXiv 2306.08827), stated so that it can be solved and scored."""
