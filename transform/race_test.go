//go:build race

package transform

// racing: with the race detector package sha256 allocates where it otherwise does
// not, when a hash's state is appended.
const racing = true
