"""What YouTube no longer gives: the evidence, and when it is requested again."""
