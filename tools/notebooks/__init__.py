"""Execute notebooks and bring them into the one form in which they are committed."""
