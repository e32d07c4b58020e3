import requests

API_KEY = 'your_api_key'


def track_event(external_id, event_name, parameters=None):
    response = requests.post(
        'https://api.flameup.ai/api/v1/track',
        headers={
            'Content-Type': 'application/json',
            'Authorization': f'Bearer {API_KEY}'
        },
        json={
            'external_id': external_id,
            'event': event_name,
            'parameters': parameters or {}
        }
    )
    return response.json()

# Track a page view
track_event('user_123', 'page_viewed', {
    'page': '/pricing',
    'referrer': '/home'
})

# Track a purchase
track_event('user_123', 'purchase_completed', {
    'order_id': 'order_789',
    'amount': 99.99,
    'currency': 'USD',
    'items': [
        {'sku': 'PROD-001', 'name': 'Widget', 'quantity': 2},
        {'sku': 'PROD-002', 'name': 'Gadget', 'quantity': 1}
    ]
})
