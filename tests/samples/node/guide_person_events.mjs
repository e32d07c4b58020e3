const API_KEY = 'your_api_key';
const personId = 'the_person_id';

const params = new URLSearchParams({
  limit: '100',
  event: 'purchase_completed',
  since: '2024-01-01T00:00:00Z'
});
const response = await fetch(
  `https://api.flameup.ai/api/v1/people/${personId}/events?${params}`,
  {
    headers: {
      'Authorization': `Bearer ${API_KEY}`
    }
  }
);
const { events, total } = await response.json();
