
import requests

url = "https://api.flameup.ai/api/v1/track"
headers = {
    "Content-Type": "application/json",
    "Authorization": "Bearer YOUR_API_TOKEN"
}
data = {
    "external_id": "example_string",
    "userId": "example_string",
    "event": "example_string",
    "parameters": {},
    "properties": {},
    "timestamp": "2024-12-25T10:00:00Z"
}
response = requests.post(url, headers=headers, json=data)
print(response.json())
