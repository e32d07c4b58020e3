const response = await fetch('https://api.appizer.com/v1/events', {
  method: 'POST',
  headers: {
    'Authorization': 'Bearer YOUR_API_KEY',
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    event_name: 'purchase_completed',
    user_id: 'user_123',
    properties: {
      amount: 29.99,
      currency: 'USD',
      product_id: 'premium_plan'
    }
  })
});

const data = await response.json();
console.log(data);
