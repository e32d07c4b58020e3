curl -X POST https://api.appizer.com/v1/events \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "event_name": "purchase_completed",
    "user_id": "user_123",
    "properties": {
      "amount": 29.99,
      "currency": "USD",
      "product_id": "premium_plan"
    }
  }'
