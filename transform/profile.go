package transform

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

const (
	maxProfileID = 64
	// maxProfileDigits fits a 64-bit number.
	maxProfileDigits = 20
)

// ProfileIDs says which profile ids are valid. Sources write all kinds of values into the
// field, and a profile id becomes a header, a metric's label and a lane.
type ProfileIDs uint8

// The choices.
const (
	// AnyProfiles allows letters, digits and . _ -
	AnyProfiles ProfileIDs = iota
	// DigitProfiles allows digits only, like Amazon's ids.
	DigitProfiles
)

var profileIDsNames = []string{"any", "digits"}

// String returns the name that ParseProfileIDs takes.
func (p ProfileIDs) String() string { return name(profileIDsNames, int(p)) }

// ParseProfileIDs is the inverse of String.
func ParseProfileIDs(s string) (ProfileIDs, error) {
	for i, n := range profileIDsNames {
		if s == n {
			return ProfileIDs(i), nil
		}
	}
	return 0, fmt.Errorf("profile ids %s are unknown: want digits or any", quote(s))
}

// Want describes what Valid demands.
func (p ProfileIDs) Want() string {
	if p == AnyProfiles {
		return "1 to 64 of A-Z a-z 0-9 . _ -"
	}
	return "1 to 20 digits, or any with " + setting.ProfileIDs.With("any")
}

// Valid reports whether s may be a profile id. Events with others are refused.
func (p ProfileIDs) Valid(s string) bool {
	most := maxProfileDigits
	if p == AnyProfiles {
		most = maxProfileID
	}
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
		case p == DigitProfiles:
			return false
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// ValidProfileID reports whether the transformer accepts a profile id.
func (t *Transformer) ValidProfileID(s string) bool { return t.profiles.Valid(s) }
