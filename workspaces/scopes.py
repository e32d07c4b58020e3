"""What a key may be allowed to do."""

EVENTS_READ = "events:read"
EVENTS_WRITE = "events:write"
PEOPLE_READ = "people:read"
PEOPLE_WRITE = "people:write"
MESSAGES_SEND = "messages:send"

ALL_SCOPES = (EVENTS_READ, EVENTS_WRITE, PEOPLE_READ, PEOPLE_WRITE, MESSAGES_SEND)
