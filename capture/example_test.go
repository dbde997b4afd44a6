package capture_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/tracklayer/amazon-capi/capture"
	"github.com/tracklayer/amazon-capi/schemas"
)

// A visitor lands with a click id and orders on a later page.
func Example() {
	keeper, err := capture.New(capture.Options{Consent: capture.Always})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /amzn-capture.js", capture.ServeScript)
	mux.HandleFunc("POST /order", func(_ http.ResponseWriter, r *http.Request) {
		event := &schemas.Event{EventID: "ord_10492_purchase", EventName: "Purchase"}
		capture.Attach(r, event)
		fmt.Println(event.ClickID, event.ClickCapturedAt > 0)
	})
	site := keeper.Handler(mux)

	landing := httptest.NewRecorder()
	site.ServeHTTP(landing, httptest.NewRequest("GET", "/?amzn_click_id=amzn1.click.abc123", nil))
	order := httptest.NewRequest("POST", "/order", nil)
	for _, c := range landing.Result().Cookies() {
		order.AddCookie(c)
	}
	site.ServeHTTP(httptest.NewRecorder(), order)
	// Output: amzn1.click.abc123 true
}
