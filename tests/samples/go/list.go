package main

import (
	"fmt"
	"net/http"
	"bytes"
)

func main() {
	req, err := http.NewRequest("GET", "https://api.flameup.ai/api/v1/workspaces/example_string/events?limit=42&offset=42&user_id=example_string&event=example_string&since=2024-12-25T10:00:00Z&until=2024-12-25T10:00:00Z", nil)
	if err != nil {
		panic(err)
	}

	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer YOUR_API_TOKEN")

	client := &http.Client{}
	resp, err := client.Do(req)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()

	fmt.Println("Response Status:", resp.Status)
}
