package main

import (
	"fmt"
	"net/http"
	"bytes"
	"encoding/json"
)

func main() {
	data := []byte(`{
		"external_id": "example_string",
		"userId": "example_string",
		"event": "example_string",
		"parameters": {},
		"properties": {},
		"timestamp": "2024-12-25T10:00:00Z"
	}`)

	req, err := http.NewRequest("POST", "https://api.flameup.ai/api/v1/track", bytes.NewBuffer(data))
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
