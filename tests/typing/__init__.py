"""The public types, as checkers see them."""
