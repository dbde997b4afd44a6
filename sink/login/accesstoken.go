package login

import (
	"fmt"
	"io"
)

// AccessToken is a bearer token and its generation, which distinguishes a refusal of it
// from one of its successor.
type AccessToken struct {
	secret     string
	generation uint64
}

// NewAccessToken returns a token of the caller's generation; sources of tokens number
// theirs from 1 upwards.
func NewAccessToken(secret string, generation uint64) AccessToken {
	return AccessToken{secret, generation}
}

// Secret returns the token itself, for the Authorization header only.
func (t AccessToken) Secret() string { return t.secret }

// RefusedBy reports whether a refusal of the other token covers this one: it is the same
// or an earlier one. The zero token stands for no refusal.
func (t AccessToken) RefusedBy(other AccessToken) bool {
	return other.generation > 0 && t.generation <= other.generation
}

// Format prints a placeholder for every verb, so that a token printed by mistake cannot be
// used.
func (t AccessToken) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "[access token]")
}
