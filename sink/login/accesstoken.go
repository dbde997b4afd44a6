package login

import (
	"fmt"
	"io"
)

// AccessToken is a bearer token and its generation, so that a report about it
// can be told from one about its successor.
type AccessToken struct {
	secret     string
	generation uint64
}

// NewAccessToken returns a token of a generation of its own choosing; sources
// of tokens number theirs from 1 upwards.
func NewAccessToken(secret string, generation uint64) AccessToken {
	return AccessToken{secret, generation}
}

// Secret returns the token itself, for the Authorization header and nothing
// else.
func (t AccessToken) Secret() string { return t.secret }

// RefusedBy reports whether a refusal of the other token is one of this one, too:
// it is the same, or an earlier one. The zero token stands for no refusal.
func (t AccessToken) RefusedBy(other AccessToken) bool {
	return other.generation > 0 && t.generation <= other.generation
}

// Format prints a placeholder, whatever the verb: a token that is printed by
// mistake must not be one that can be used.
func (t AccessToken) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "[access token]")
}
