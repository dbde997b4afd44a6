package bench

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// echoed is as long as an event of the live contract.
const echoed = `,"event":{"eventDescription":{"name":"Purchase","conversionType":"OFF_AMAZON_PURCHASES","eventSource":"WEBSITE","eventIngestionMethod":"SERVER_TO_SERVER"},` +
	`"eventTime":"2026-04-23T10:17:00.000Z","countryCode":"US","matchKeys":[{"type":"EMAIL","values":["0000000000000000000000000000000000000000000000000000000000000000"]},` +
	`{"type":"PHONE","values":["0000000000000000000000000000000000000000000000000000000000000000"]}],"value":49.99,"currencyCode":"USD","unitsSold":1,"eventId":"ord_10492_purchase",` +
	`"consent":{"amazonConsent":{"amznAdStorage":"GRANTED","amznUserData":"GRANTED"}}}}`

// echo writes the answers that repeat each event. They are the same as far as
// they go, so they are all parts of one text, which is made but once.
type echo struct {
	once sync.Once
	text []byte
	ends []int // of the answer's items, by their number
}

// echoes are as many as a batch has at most by default.
const echoes = 500

// write answers n events.
func (e *echo) write(w http.ResponseWriter, n int) {
	e.once.Do(func() { e.text, e.ends = makeEcho(echoes) })
	text, ends := e.text, e.ends
	if n >= len(ends) {
		text, ends = makeEcho(n)
	}
	const end = `],"error":[]}`
	w.Header().Set("Content-Length", strconv.Itoa(ends[n]+len(end)))
	w.WriteHeader(http.StatusMultiStatus)
	_, _ = w.Write(text[:ends[n]]) // whoever asked is gone if this fails
	_, _ = io.WriteString(w, end)
}

func makeEcho(n int) (text []byte, ends []int) {
	const begin = `{"success":[`
	text = slices.Grow([]byte(begin), n*(len(echoed)+20))
	ends = append(make([]int, 0, n+1), len(begin))
	for i := range n {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, `{"index":`...)
		text = strconv.AppendInt(text, int64(i), 10)
		text = append(text, echoed...)
		ends = append(ends, len(text))
	}
	return text, ends
}
