"""The production line on one machine: Kafka, PostgreSQL and every service as its own process."""
