package main

import (
	"net/http/httptest"
	"testing"
)

func TestHealth(t *testing.T) {
	answer := httptest.NewRecorder()
	health(answer, httptest.NewRequest("GET", "/health", nil))
	if answer.Body.String() != "well\n" {
		t.Fatal(answer.Body.String())
	}
}
