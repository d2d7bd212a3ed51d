"""The process: handlers of kopf, work queue, audit of the watches."""
