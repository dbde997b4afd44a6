package sandbox

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkEvents is what an event costs the sandbox, which bounds how much of
// a pipeline's speed can be seen against it.
func BenchmarkEvents(b *testing.B) {
	a, err := NewAmazon(Options{ForgetEvents: true})
	if err != nil {
		b.Fatal(err)
	}
	account := &a.tokens.accounts[0]
	token := a.tokens.issue(account)
	var events []string
	for i := range 500 {
		events = append(events, purchase(fmt.Sprintf("ord_%d", i)))
	}
	body := `{"events":[` + strings.Join(events, ",") + `]}`
	for i := 0; b.Loop(); i++ {
		r := httptest.NewRequest("POST", eventsPath, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Amazon-Advertising-API-ClientId", account.ClientID)
		r.Header.Set("Amazon-Advertising-API-Scope", profile)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Code, w.Body)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/500, "µs/event")
}
