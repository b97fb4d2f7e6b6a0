"""What a service shows of itself: metrics for Prometheus, logs as JSON lines, traces by W3C.

None of it carries names, texts or media: ids stand in logs and traces, and in no metric.
"""
