curl -X GET "https://api.flameup.ai/api/v1/workspaces/example_string/events?limit=42&offset=42&user_id=example_string&event=example_string&since=2024-12-25T10:00:00Z&until=2024-12-25T10:00:00Z" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer YOUR_API_TOKEN"
