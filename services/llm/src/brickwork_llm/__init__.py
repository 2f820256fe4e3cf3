"""The LLM brick: text generation over gRPC."""
