"""What is done about events once they are stored: by consumers, exactly once, later.

The transaction that stores events appends a row for each registered consumer; a
worker takes the row, and does the consumer's work and the row's deletion in one
transaction of its own. What Celery is told is a hint and may be lost or doubled.
"""
