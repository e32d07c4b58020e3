curl -X POST "https://api.flameup.ai/api/v1/track" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer your_api_key" \
  -d '{
    "external_id": "user_123",
    "event": "purchase_completed",
    "parameters": {
      "order_id": "order_789",
      "amount": 99.99,
      "currency": "USD"
    }
  }'
