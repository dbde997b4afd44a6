package metric

import (
	"net/http"
	"strconv"
)

// StatusLabel bounds the reasons of failures, each of which has a series per profile: a server can answer
// with any status, and unassigned ones share a label.
func StatusLabel(reason string) string {
	if len(reason) != 3 {
		return reason // a fault
	}
	if status, err := strconv.Atoi(reason); err == nil && http.StatusText(status) == "" {
		return reason[:1] + "xx"
	}
	return reason
}
