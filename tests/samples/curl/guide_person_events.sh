curl "https://api.flameup.ai/api/v1/people/{person_id}/events?limit=100&event=purchase_completed" \
  -H "Authorization: Bearer your_api_key"
