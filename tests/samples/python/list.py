
import requests

url = "https://api.flameup.ai/api/v1/workspaces/example_string/events?limit=42&offset=42&user_id=example_string&event=example_string&since=2024-12-25T10:00:00Z&until=2024-12-25T10:00:00Z"
headers = {
    "Content-Type": "application/json",
    "Authorization": "Bearer YOUR_API_TOKEN"
}
response = requests.get(url, headers=headers)
print(response.json())
