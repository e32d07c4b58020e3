import requests

API_KEY = 'your_api_key'
person_id = 'the_person_id'

response = requests.get(
    f'https://api.flameup.ai/api/v1/people/{person_id}/events',
    headers={'Authorization': f'Bearer {API_KEY}'},
    params={
        'limit': 100,
        'event': 'purchase_completed',
        'since': '2024-01-01T00:00:00Z'
    }
)
data = response.json()
events = data['events']
