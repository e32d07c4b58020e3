const API_KEY = 'your_api_key';

async function trackEvent(externalId, eventName, parameters = {}) {
  const response = await fetch(
    'https://api.flameup.ai/api/v1/track',
    {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Authorization': `Bearer ${API_KEY}`
      },
      body: JSON.stringify({
        external_id: externalId,
        event: eventName,
        parameters: parameters
      })
    }
  );
  return response.json();
}

// User signed up
await trackEvent('user_123', 'signed_up', {
  method: 'email', // or 'google', 'github'
  referral_code: 'FRIEND50'
});

// User logged in
await trackEvent('user_123', 'logged_in', {
  method: 'password', // or 'sso', 'magic_link'
  device: 'mobile'
});

// User upgraded plan
await trackEvent('user_123', 'plan_upgraded', {
  from_plan: 'free',
  to_plan: 'premium',
  annual: true
});

// User churned
await trackEvent('user_123', 'subscription_cancelled', {
  reason: 'too_expensive',
  feedback: 'Great product but over budget'
});

// Product viewed
await trackEvent('user_123', 'product_viewed', {
  product_id: 'prod_001',
  name: 'Premium Widget',
  price: 49.99,
  category: 'widgets'
});

// Added to cart
await trackEvent('user_123', 'cart_updated', {
  action: 'add',
  product_id: 'prod_001',
  quantity: 2,
  cart_total: 99.98
});

// Checkout started
await trackEvent('user_123', 'checkout_started', {
  cart_items: 3,
  cart_total: 149.97
});

// Purchase completed
await trackEvent('user_123', 'purchase_completed', {
  order_id: 'order_789',
  amount: 149.97,
  currency: 'USD',
  payment_method: 'credit_card',
  items: [
    { sku: 'PROD-001', name: 'Widget', quantity: 2 }
  ]
});

// Feature used
await trackEvent('user_123', 'feature_used', {
  feature: 'export_pdf',
  duration_ms: 2340
});

// Search performed
await trackEvent('user_123', 'search_performed', {
  query: 'integration guide',
  results_count: 15,
  clicked_result: 3
});

// File uploaded
await trackEvent('user_123', 'file_uploaded', {
  file_type: 'csv',
  file_size_kb: 1024,
  rows_imported: 5000
});

// Report generated
await trackEvent('user_123', 'report_generated', {
  report_type: 'monthly_summary',
  date_range: '2024-01',
  format: 'pdf'
});

// Email opened
await trackEvent('user_123', 'email_opened', {
  campaign_id: 'camp_456',
  subject: 'Your weekly digest'
});

// Push notification clicked
await trackEvent('user_123', 'push_clicked', {
  campaign_id: 'camp_789',
  action: 'view_order'
});

// NPS submitted
await trackEvent('user_123', 'nps_submitted', {
  score: 9,
  feedback: 'Love the product!'
});

// Support ticket created
await trackEvent('user_123', 'support_ticket_created', {
  ticket_id: 'ticket_123',
  category: 'billing',
  priority: 'medium'
});
