"""Whether a sentence that a model wrote rests on what was said: pure functions of texts."""
