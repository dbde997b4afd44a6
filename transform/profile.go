package transform

const maxProfileID = 64

// ValidProfileID tells whether a profile id may become a header, a metric's
// label or a lane: events with any other are refused.
func ValidProfileID(s string) bool {
	if s == "" || len(s) > maxProfileID {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
