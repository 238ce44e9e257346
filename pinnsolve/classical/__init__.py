"""The automatic reference: the problem's own declaration solved by differences, with an error of its own."""
