import requests

API_KEY = 'your_api_key'

response = requests.post(
    'https://api.flameup.ai/api/v1/track/batch',
    headers={
        'Content-Type': 'application/json',
        'Authorization': f'Bearer {API_KEY}'
    },
    json={
        'events': [
            {
                'external_id': 'user_123',
                'event': 'page_viewed',
                'parameters': {'page': '/home'}
            },
            {
                'external_id': 'user_123',
                'event': 'button_clicked',
                'parameters': {'button': 'signup'}
            },
            {
                'external_id': 'user_456',
                'event': 'purchase_completed',
                'parameters': {'amount': 99.99}
            }
        ]
    }
)
result = response.json()
