package find

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
)

// Query names an event: by its id, by an order reference, or by the place of a record.
type Query struct {
	// Text is an event id, as it is or as it is shown, or an order reference. What
	// reads as a place may be one of those, too, and is taken for it if nothing is there.
	Text string
	// Place is where a record is; nil if the text is no place. Its topic may be empty.
	Place *Place

	masked bool // Text is in a form in which ids are shown
}

// Place is where a record is.
type Place struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// String is the place as ParseQuery reads it.
func (p Place) String() string {
	return p.Topic + "/" + strconv.Itoa(int(p.Partition)) + "/" + strconv.FormatInt(p.Offset, 10)
}

// topicName is what brokers take for the name of a topic.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// maxQuery is longer than any event id that is worth the name.
const maxQuery = 4096

// ParseQuery reads what somebody looks for.
func ParseQuery(text string) (Query, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Query{}, errors.New("nothing to find is named: want an event id, an order reference, PARTITION/OFFSET or TOPIC/PARTITION/OFFSET")
	case len(text) > maxQuery:
		return Query{}, fmt.Errorf("what to find has %d bytes: want at most %d", len(text), maxQuery)
	}
	q := Query{Text: text}
	q.masked, _ = redact.Masked(text)
	topic, rest := "", text
	if strings.Count(text, "/") == 2 {
		topic, rest, _ = strings.Cut(text, "/")
	}
	if p, o, err := history.ParsePlace(rest); err == nil && (topic == "" || topicName.MatchString(topic)) {
		q.Place = &Place{topic, p, o}
	}
	return q, nil
}

// Shown is the query in a form that shows no identifier.
func (q *Query) Shown() string {
	if q.Place != nil && q.Place.Topic == "" {
		return q.Text
	}
	return redact.EventID(q.Text)
}

// matches reports whether an event has the id or the order reference.
func (q *Query) matches(ev *schemas.Event) bool {
	return ev.EventID == q.Text || ev.Custom.OrderReference == q.Text || q.masked && ev.EventID != "" && redact.EventID(ev.EventID) == q.Text
}
