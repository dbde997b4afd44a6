package config

import (
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Without returns a message in which a value is replaced by a description, if it could be
// a secret.
func Without(message, value string) string {
	shown := redact.Quote(value)
	if value == "" || shown == strconv.Quote(value) {
		return message
	}
	return strings.NewReplacer(strconv.Quote(value), shown, value, shown).Replace(message)
}
