package amazon

import (
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

const (
	maxUnclearKeys = 6
	maxUnclearKey  = 32
	// OtherKeys stands for keys that do not look like names, or are too many.
	OtherKeys = "other"
)

// keyNames returns the keys of an unclear answer that may be shown; empty if there are
// none. A key that does not look like a name could be an address, a number or a hash.
func keyNames(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	var names []string
	for _, k := range keys {
		// A word may be one of our secrets, and letters may be an address in base64.
		if !isName(k) || redact.Text(k) != k {
			k = OtherKeys
		}
		if !slices.Contains(names, k) {
			names = append(names, k)
		}
		if len(names) > maxUnclearKeys {
			return OtherKeys
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// WithoutKeys returns the names except those that are private.
func WithoutKeys(names string, private func(key string) bool) string {
	var left []string
	for k := range strings.SplitSeq(names, ",") {
		if private(k) {
			k = OtherKeys
		}
		if !slices.Contains(left, k) {
			left = append(left, k)
		}
	}
	slices.Sort(left)
	return strings.Join(left, ",")
}

// isName reports whether a key looks like a field name: letters and at most a few
// digits.
func isName(key string) bool {
	digits := 0
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', i > 0 && (c == '_' || c == '-'):
		case i > 0 && c >= '0' && c <= '9':
			digits++
		default:
			return false
		}
	}
	return key != "" && len(key) <= maxUnclearKey && digits <= 2
}
