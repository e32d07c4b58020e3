import requests

response = requests.post(
    'https://api.appizer.com/v1/events',
    headers={
        'Authorization': 'Bearer YOUR_API_KEY',
        'Content-Type': 'application/json'
    },
    json={
        'event_name': 'purchase_completed',
        'user_id': 'user_123',
        'properties': {
            'amount': 29.99,
            'currency': 'USD',
            'product_id': 'premium_plan'
        }
    }
)

print(response.json())
