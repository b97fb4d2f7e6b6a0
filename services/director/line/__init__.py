"""The production line: leads many teams' videos over Kafka, with everything it knows in SQL.

Each module is one subject; every effect is one transaction, and what two directors do at once is
decided by the rows. `loop` turns all of it, in one thread of each director.
"""
