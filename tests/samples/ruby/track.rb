require 'net/http'
require 'json'

uri = URI('https://api.flameup.ai/api/v1/track')
http = Net::HTTP.new(uri.host, uri.port)
http.use_ssl = true

request = Net::HTTP::Post.new(uri)
request['Content-Type'] = 'application/json'
request['Authorization'] = 'Bearer YOUR_API_TOKEN'
request.body = '{
  "external_id": "example_string",
  "userId": "example_string",
  "event": "example_string",
  "parameters": {},
  "properties": {},
  "timestamp": "2024-12-25T10:00:00Z"
}'

response = http.request(request)
puts response.body
