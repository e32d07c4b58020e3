curl -X POST "https://api.flameup.ai/api/v1/track" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer YOUR_API_TOKEN" \
  -d '{
    "external_id": "example_string",
    "userId": "example_string",
    "event": "example_string",
    "parameters": {},
    "properties": {},
    "timestamp": "2024-12-25T10:00:00Z"
  }'
