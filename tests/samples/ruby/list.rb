require 'net/http'
require 'json'

uri = URI('https://api.flameup.ai/api/v1/workspaces/example_string/events?limit=42&offset=42&user_id=example_string&event=example_string&since=2024-12-25T10:00:00Z&until=2024-12-25T10:00:00Z')
http = Net::HTTP.new(uri.host, uri.port)
http.use_ssl = true

request = Net::HTTP::Get.new(uri)
request['Content-Type'] = 'application/json'
request['Authorization'] = 'Bearer YOUR_API_TOKEN'

response = http.request(request)
puts response.body
