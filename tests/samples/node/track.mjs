const response = await fetch("https://api.flameup.ai/api/v1/track", {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "Authorization": "Bearer YOUR_API_TOKEN"
  },
  body: JSON.stringify({
    "external_id": "example_string",
    "userId": "example_string",
    "event": "example_string",
    "parameters": {},
    "properties": {},
    "timestamp": "2024-12-25T10:00:00Z"
  })
});
const data = await response.json();
console.log(data);
