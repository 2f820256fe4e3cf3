"""Text to text: the brick that translates between the language pairs it holds."""
