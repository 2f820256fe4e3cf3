"""Traces and metrics; the only package that knows OpenTelemetry and Prometheus.

`span` is what every log line asks for and costs little; `tracing` and `metrics` bring the libraries
of a process that serves or calls.
"""
