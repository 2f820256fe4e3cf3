"""The brick that translates between the language pairs it holds."""
