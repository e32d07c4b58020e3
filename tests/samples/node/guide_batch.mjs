const API_KEY = 'your_api_key';

const response = await fetch(
  'https://api.flameup.ai/api/v1/track/batch',
  {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Authorization': `Bearer ${API_KEY}`
    },
    body: JSON.stringify({
      events: [
        {
          external_id: 'user_123',
          event: 'page_viewed',
          parameters: { page: '/home' }
        },
        {
          external_id: 'user_123',
          event: 'button_clicked',
          parameters: { button: 'signup' }
        },
        {
          external_id: 'user_456',
          event: 'purchase_completed',
          parameters: { amount: 99.99 }
        }
      ]
    })
  }
);
const result = await response.json();
