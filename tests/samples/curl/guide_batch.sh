curl -X POST "https://api.flameup.ai/api/v1/track/batch" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer your_api_key" \
  -d '{
    "events": [
      {"external_id": "user_123", "event": "page_viewed", "parameters": {"page": "/home"}},
      {"external_id": "user_123", "event": "button_clicked", "parameters": {"button": "signup"}}
    ]
  }'
